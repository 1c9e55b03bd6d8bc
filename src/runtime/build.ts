/** Which build this is. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from './config.ts'

/** As package.json has it. */
export const version = (JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as { version: string })
  .version

/** As the file `.commit` says, which an image has instead of a repository; else as git does; else "unknown". */
export const commit = readCommit(projectRoot)

/** @param root of the project. @returns a full id, or what stands in `.commit`. */
export function readCommit(root: string): string {
  const read = (...path: string[]) => {
    try {
      return readFileSync(join(root, ...path), 'utf8').trim()
    } catch {
      return ''
    }
  }
  const given = read('.commit')
  if (given !== '') return given
  const head = read('.git', 'HEAD')
  if (!head.startsWith('ref: ')) return head || 'unknown'
  const branch = head.slice('ref: '.length)
  const packed = read('.git', 'packed-refs').split('\n')
  return read('.git', branch) || packed.find(line => line.endsWith(` ${branch}`))?.split(' ')[0] || 'unknown'
}
