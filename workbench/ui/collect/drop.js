// Files and folders dropped anywhere on the card go where chosen ones go: into the upload's own field.
const card = /** @type {HTMLElement} */ (element.closest('.card'));
let depth = 0; // of nested elements that the drag has entered
const isFiles = (event) => event.dataTransfer && [...event.dataTransfer.types].includes('Files');
const paint = () => card.classList.toggle('dropping', depth > 0);

async function filesOf(entry) {
  if (entry.isFile) return [await new Promise((resolve, reject) => { entry.file(resolve, reject); })];
  const reader = entry.createReader();
  const found = [];
  for (;;) { // a folder is read a hundred entries at a time
    const some = await new Promise((resolve, reject) => { reader.readEntries(resolve, reject); });
    if (!some.length) break;
    for (const inner of some) found.push(...await filesOf(inner));
  }
  return found;
}

async function take(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry && item.webkitGetAsEntry()).filter(Boolean);
  const loose = [...transfer.files];
  const files = entries.length ? (await Promise.all(entries.map(filesOf))).flat() : loose;
  const field = /** @type {HTMLInputElement | null} */ (document.querySelector('#upload input[type=file]'));
  if (!field || !files.length) return;
  const all = new DataTransfer();
  files.filter((file) => !file.name.startsWith('.')).forEach((file) => all.items.add(file));
  field.files = all.files;
  field.dispatchEvent(new Event('change', { bubbles: true }));
}

function entered(by) {
  return (event) => {
    if (!isFiles(event)) return;
    depth = Math.max(0, depth + by);
    paint();
  };
}
card.addEventListener('dragenter', entered(1), true);
card.addEventListener('dragleave', entered(-1), true);
card.addEventListener('dragover', (event) => { if (isFiles(event)) event.preventDefault(); });
// First of all listeners: the upload's own area would take files, but no folders.
card.addEventListener('drop', (event) => {
  if (!isFiles(event)) return;
  event.preventDefault();
  event.stopPropagation();
  depth = 0;
  paint();
  take(event.dataTransfer);
}, true);
