// Makes an element; text reaches the page as text, never as HTML.
/** @param {any} tag @param {string | null} [className] @param {any} [text] @param {Record<string, any>} [attributes] @returns {any} */
function make(tag, className = null, text = null, attributes = {}) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== null) node.textContent = text;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}
