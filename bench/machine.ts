/** What a process used, as Linux accounts for it. */
import { readdirSync, readFileSync } from 'node:fs'
import { release, totalmem } from 'node:os'

/** Linux counts processor time in these, whatever the kernel's own tick is. */
const ticksPerSecond = 100

/** Processor seconds of a process, all its threads; 0 when it is gone. */
export function cpuSeconds(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
  } catch {
    return 0
  }
}

/** Processor seconds of this process, to the microsecond. */
export function ownCpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** Processor seconds of a process and all that descend from it, the ended and reaped ones included. */
export function cpuSecondsOfTree(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
    let seconds = fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / ticksPerSecond
    for (const child of childrenOf(pid)) seconds += cpuSecondsOfTree(child)
    return seconds
  } catch {
    return 0
  }
}

/** The most memory a process ever held, in MB. */
export function peakMegabytes(pid: number): number {
  return status(pid, 'VmHWM')
}

/** The same of a process and all that descend from it now. */
export function peakMegabytesOfTree(pid: number): number {
  try {
    return childrenOf(pid).reduce((sum, child) => sum + peakMegabytesOfTree(child), peakMegabytes(pid))
  } catch {
    return 0
  }
}

/** The memory it holds now, in MB. */
export function megabytes(pid: number): number {
  return status(pid, 'VmRSS')
}

function status(pid: number, field: string): number {
  const kilobytes = new RegExp(`${field}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Math.round(Number(kilobytes?.[1] ?? 0) / 1024)
}

export function machine(): string {
  const cpus = readFileSync('/proc/cpuinfo', 'utf8').match(/model name\s*: (.*)/g) ?? []
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`
  return `${cpus.length} x ${cpus[0]?.split(': ')[1] ?? 'unknown processor'}, ${memory}, Linux ${release()}, Node ${process.version}`
}

function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap(task =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  )
}
