/**
 * Kernels that are used again. A new one takes some 100 µs with the memory that comes with it, and that memory lasts until
 * the collector finds it; to begin anew takes 1 µs. A simulation opens partitions by the thousand a second.
 */
import { type FoldKernel, Kernel } from './kernel.ts'

export interface Kernels {
  take(): FoldKernel
  /** Nobody may use it any more. */
  giveBack(kernel: FoldKernel): void
}

const idleMax = 16
/** Memory never shrinks: what a large window has left behind is for the collector. */
const idleBytesMax = 1 << 20

/** @param make the plain ones, in tests. */
export function kernelPool(make: () => FoldKernel = () => new Kernel()): Kernels {
  const idle: FoldKernel[] = []
  return {
    take: () => idle.pop() ?? make(),
    giveBack(kernel) {
      if (idle.length < idleMax && kernel.usedBytes <= idleBytesMax) idle.push(kernel)
    },
  }
}
