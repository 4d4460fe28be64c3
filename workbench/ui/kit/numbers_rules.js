// Numbers as the page's language writes them.
const language = () => (typeof document === 'undefined' ? '' : document.documentElement.lang) || 'en';

// With so many decimals at least, and at most.
function number(value, least = 0, most = Math.max(least, 2)) {
  return value.toLocaleString(language(), { minimumFractionDigits: least, maximumFractionDigits: most });
}
