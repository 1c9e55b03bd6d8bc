/** What a PromQL expression names, as far as our rules and panels need it read. */

export interface Selector {
  readonly metric: string
  /** Labels that must have exactly this value. */
  readonly equal: Readonly<Record<string, string>>
  readonly labels: readonly string[]
}

/** The series that are asked for. */
export function selectorsOf(expression: string): Selector[] {
  return [...expression.matchAll(/\b((?:footfall|process)_\w+)(?:\{([^}]*)\})?/g)].map(([, metric, matchers = '']) => {
    const parts = [...matchers.matchAll(/(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"/g)]
    const equal = parts
      .filter(([, , operator]) => operator === '=')
      .map(([, label, , value]) => [label!, value!] as const)
    return { metric: metric!, equal: Object.fromEntries(equal), labels: parts.map(([, label]) => label!) }
  })
}

/** The labels that series are grouped by or matched on. */
export function groupingOf(expression: string): string[] {
  return [...expression.matchAll(/\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)/g)]
    .flatMap(([, labels]) => labels!.split(','))
    .map(label => label.trim())
    .filter(label => label !== '')
}
