/** A page of /metrics, read as Prometheus would. */

export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface Page {
  readonly samples: readonly Sample[]
  /** The one sample with this name and, among others, these labels. */
  value(name: string, labels: Readonly<Record<string, string>>): number | undefined
}

const line = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/

export function parsePage(text: string): Page {
  const samples = text
    .split('\n')
    .filter(each => each !== '' && !each.startsWith('#'))
    .map(each => {
      const [, name, labels = '', value] = line.exec(each)!
      const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(
        ([, label, text]) => [label!, text!] as const,
      )
      return { name: name!, labels: Object.fromEntries(pairs), value: Number(value) }
    })
  return {
    samples,
    value(name, labels) {
      const wanted = Object.entries(labels)
      return samples.find(one => one.name === name && wanted.every(([label, text]) => one.labels[label] === text))
        ?.value
    },
  }
}
