/** RFC 7396: a patch whose members replace those of a JSON object, go into its objects, or with null take them away. */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

/** @returns undefined when the text is no JSON object: any other patch would replace the whole value. */
export function parsePatch(text: string): Json | undefined {
  try {
    const patch = JSON.parse(text) as Json
    return isObject(patch) ? patch : undefined
  } catch {
    return undefined
  }
}

/** Neither is changed. Members keep their order, new ones come last. */
export function mergePatch(target: Json, patch: Json): Json {
  if (!isObject(patch)) return patch
  const members = new Map<string, Json>(Object.entries(isObject(target) ? target : {}))
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) members.delete(name)
    else members.set(name, mergePatch(members.get(name) ?? null, value))
  }
  return Object.fromEntries(members) // also a member named __proto__ is one like any other here
}

export const isObject = (value: unknown): value is { readonly [name: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
