/**
 * Node's modules, without an import a browser bundler would have to resolve. Getters, so that a bundle which holds this
 * file can be loaded where there is no `process`.
 */
export const node: {
  readonly fs: typeof import('node:fs/promises')
  readonly os: typeof import('node:os')
  readonly path: typeof import('node:path')
  readonly url: typeof import('node:url')
  readonly crypto: typeof import('node:crypto')
} = {
  get fs() {
    return process.getBuiltinModule('node:fs/promises')
  },
  get os() {
    return process.getBuiltinModule('node:os')
  },
  get path() {
    return process.getBuiltinModule('node:path')
  },
  get url() {
    return process.getBuiltinModule('node:url')
  },
  get crypto() {
    return process.getBuiltinModule('node:crypto')
  },
}

/** True for the error of a file system call that found nothing there. */
export function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code
  return code === 'ENOENT' || code === 'ENOTDIR'
}
