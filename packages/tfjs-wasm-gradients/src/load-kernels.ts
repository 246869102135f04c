import { MobileOneError } from '@mobileone/core'
import { importShared, inflateBase64 } from '@mobileone/core/embedded-wasm'
import { kernels } from './generated/kernels.ts'

/** The exports of assembly/index.ts. Numbers are byte addresses and sizes. */
export interface Kernels {
  affineScratch(ins: number, outs: number): number
  affine(
    x: number,
    w: number,
    bias: number,
    y: number,
    rows: number,
    ins: number,
    outs: number,
    relu: number,
    scratch: number,
  ): void
  affineBackwardScratch(ins: number, outs: number): number
  affineBackward(
    x: number,
    w: number,
    y: number,
    dy: number,
    dx: number,
    dw: number,
    db: number,
    rows: number,
    ins: number,
    outs: number,
    relu: number,
    scratch: number,
  ): void
  covarianceScratch(n: number): number
  /** `geometry`: 0, or that of the patches of `x` which are the rows. */
  covariance(
    geometry: number,
    x: number,
    c: number,
    mean: number,
    rows: number,
    n: number,
    scratch: number,
  ): void
  covarianceBackwardScratch(n: number): number
  covarianceBackward(
    x: number,
    mean: number,
    d: number,
    dmean: number,
    dx: number,
    rows: number,
    n: number,
    scratch: number,
  ): void
  momentsScratch(n: number): number
  moments(x: number, rows: number, n: number, out: number, scratch: number): void
  momentsBackward(
    x: number,
    mean: number,
    d: number,
    dx: number,
    rows: number,
    n: number,
    scratch: number,
  ): void
  depthwiseScratch(geometry: number): number
  depthwise(
    geometry: number,
    x: number,
    filter: number,
    bias: number,
    y: number,
    relu: number,
    scratch: number,
  ): void
  depthwiseBackwardScratch(geometry: number): number
  depthwiseBackward(
    geometry: number,
    x: number,
    filter: number,
    y: number,
    dy: number,
    dx: number,
    dfilter: number,
    db: number,
    scratch: number,
  ): void
  depthwiseMomentsScratch(geometry: number): number
  /** `moments` [taps + taps * taps, c]: of the input under each tap the mean, of each two taps the covariance. */
  depthwiseMoments(
    geometry: number,
    x: number,
    filter: number,
    out: number,
    moments: number,
    scratch: number,
  ): void
  depthwiseMomentsBackwardScratch(geometry: number): number
  depthwiseMomentsBackward(
    geometry: number,
    x: number,
    filter: number,
    moments: number,
    d: number,
    dx: number,
    dfilter: number,
    convolution: number,
    kernel: number,
    y: number,
    dy: number,
    scratch: number,
  ): void
  denseBranchesScratch(geometry: number, sizes: number, branches: number): number
  denseBranches(
    geometry: number,
    sizes: number,
    branches: number,
    x: number,
    parameters: number,
    epsilon: number,
    relu: number,
    y: number,
    statistics: number,
    mean: number,
    products: number,
    scratch: number,
  ): void
  denseBranchesBackwardScratch(geometry: number, sizes: number, branches: number): number
  denseBranchesBackward(
    geometry: number,
    sizes: number,
    branches: number,
    x: number,
    parameters: number,
    epsilon: number,
    y: number,
    dy: number,
    statistics: number,
    mean: number,
    products: number,
    dx: number,
    dparameters: number,
    scratch: number,
  ): void
  depthwiseBranchesScratch(geometry: number, all: number, branches: number): number
  depthwiseBranches(
    geometry: number,
    all: number,
    sizes: number,
    branches: number,
    x: number,
    parameters: number,
    epsilon: number,
    relu: number,
    y: number,
    statistics: number,
    moments: number,
    scratch: number,
  ): void
  depthwiseBranchesBackwardScratch(geometry: number, all: number, branches: number): number
  depthwiseBranchesBackward(
    geometry: number,
    all: number,
    sizes: number,
    branches: number,
    x: number,
    parameters: number,
    epsilon: number,
    y: number,
    dy: number,
    statistics: number,
    moments: number,
    dx: number,
    dparameters: number,
    scratch: number,
  ): void
  convFilterScratch(geometry: number): number
  convFilter(geometry: number, x: number, dy: number, dw: number, scratch: number): void
}

/** The compiled kernels, for private and for shared memory. */
export interface KernelModules {
  readonly private: WebAssembly.Module
  readonly shared: WebAssembly.Module
}

let modules: Promise<KernelModules> | undefined

/**
 * The embedded kernels, compiled once.
 * @throws MobileOneError `unavailable` where the engine does not compile them: it lacks SIMD, or a policy forbids it.
 */
export function loadKernels(): Promise<KernelModules> {
  if (!modules) {
    modules = compile()
    modules.catch(() => {
      modules = undefined
    })
  }
  return modules
}

async function compile(): Promise<KernelModules> {
  const bytes = await inflateBase64(kernels)
  try {
    return {
      private: await WebAssembly.compile(bytes),
      shared: await WebAssembly.compile(importShared(bytes)),
    }
  } catch (cause) {
    throw new MobileOneError(
      'unavailable',
      `wasm-gradients: this engine does not compile the kernels: ${(cause as Error).message} (WebAssembly SIMD is ` +
        "needed, and a Content-Security-Policy must allow 'wasm-unsafe-eval'); train on another backend",
      { cause },
    )
  }
}
