/** Where in a JSON text the member stands that a pointer names, so that it can be marked. Pure. */

/**
 * @param {string} text @param {string} pointer RFC 6901
 * @returns {{ from: number, to: number } | undefined} in UTF-16 code units: the value, the last of several members of one
 * name; the end of the text where the member is missing; the character that breaks a text which is no JSON
 */
export function placeOf(text, pointer) {
  const wanted = pointer
    .split('/')
    .slice(1)
    .map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  let at = 0
  /** @type {{ from: number, to: number } | undefined} */
  let found

  const blank = () => take(/[ \t\n\r]*/y)
  const broken = () => {
    throw new Broken(at)
  }
  function take(what) {
    what.lastIndex = at
    const match = what.exec(text)
    if (match === null) return broken()
    at = what.lastIndex
    return match[0]
  }
  function value(matched, depth) {
    if (depth > 200) broken()
    blank()
    const from = at
    const first = text[at]
    if (first === '{')
      inside('}', () => {
        const name = JSON.parse(string())
        blank()
        take(/:/y)
        return name
      })
    else if (first === '[') {
      let index = 0
      inside(']', () => String(index++))
    } else if (first === '"') string()
    else take(/-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y)
    if (matched === wanted.length) found = { from, to: at }

    function inside(closing, nameOf) {
      at += 1
      blank()
      if (text[at] === closing) {
        at += 1
        return
      }
      for (;;) {
        blank()
        const isWanted = nameOf() === wanted[matched] && matched >= 0
        if (isWanted) found = undefined
        value(isWanted ? matched + 1 : -1, depth + 1)
        blank()
        if (text[at] !== ',' && text[at] !== closing) broken()
        at += 1
        if (text[at - 1] === closing) return
      }
    }
  }
  // The characters one by one: a pattern for a whole string would overflow the stack of some engines on a long one.
  function string() {
    const from = at
    if (text[at] !== '"') broken()
    at += 1
    while (text[at] !== '"') {
      if (text[at] === '\\') take(/\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y)
      else if (at >= text.length || text.charCodeAt(at) < 32) broken()
      else at += 1
    }
    at += 1
    return text.slice(from, at)
  }

  try {
    value(0, 0)
    const end = at
    blank()
    if (at < text.length) broken()
    return found ?? { from: Math.max(0, end - 1), to: end }
  } catch (error) {
    if (!(error instanceof Broken)) throw error
    return { from: error.at, to: error.at + 1 }
  }
}

class Broken extends Error {
  /** @param {number} at */
  constructor(at) {
    super()
    this.at = at
  }
}
