/** Elements made in code. Text goes in as text: nothing on this page parses markup, so nothing in an event can be any. */

/**
 * @param {string} name of the element
 * @param {Record<string, unknown>} [attributes] `class`, `onclick` and so on; undefined and false leave one out
 * @param {...(Node | string | undefined)} children
 * @returns {any} the element
 */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue
    if (typeof value === 'function') made.addEventListener(key.slice(2), /** @type {EventListener} */ (value))
    else made.setAttribute(key, value === true ? '' : String(value))
  }
  made.append(...children.filter(child => child !== undefined))
  return made
}

/** Touches the page only when there is something to change. @param {Element} node @param {string} text */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text
}

/** @param {Element} node @param {string} name @param {string} value */
export function setAttribute(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value)
}

/** @param {any} node @param {boolean} isHidden */
export function setHidden(node, isHidden) {
  if (node.hidden !== isHidden) node.hidden = isHidden
}

/**
 * Makes `parent` hold one child for each key, in this order, keeping those that are there already: what a reader has
 * focused, selected or opened stays.
 * @template T
 * @param {Element} parent
 * @param {Map<string, any>} known the children by key; changed
 * @param {readonly T[]} rows
 * @param {(row: T) => string} keyOf
 * @param {(row: T) => any} make a child with a method `show(row)`
 */
export function keyed(parent, known, rows, keyOf, make) {
  const keys = new Set(rows.map(keyOf))
  for (const [key, child] of known) {
    if (keys.has(key)) continue
    child.node.remove()
    child.close?.()
    known.delete(key)
  }
  let next = parent.firstElementChild
  for (const row of rows) {
    const key = keyOf(row)
    const child = known.get(key) ?? make(row)
    known.set(key, child)
    child.show(row)
    if (next !== null && child.node === next) next = next.nextElementSibling
    else parent.insertBefore(child.node, next)
  }
}
