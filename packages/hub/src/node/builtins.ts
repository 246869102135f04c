/**
 * Node's modules, without an import a browser bundler would have to resolve. Getters, so that a bundle which holds this
 * file can be loaded where there is no `process`; named as a property of the global object, since Parcel installs a polyfill for
 * the name alone.
 */
export const node: {
  readonly process: typeof globalThis.process
  readonly fs: typeof import('node:fs/promises')
  readonly os: typeof import('node:os')
  readonly path: typeof import('node:path')
  readonly url: typeof import('node:url')
  readonly crypto: typeof import('node:crypto')
} = {
  get process() {
    return globalThis.process
  },
  get fs() {
    return globalThis.process.getBuiltinModule('node:fs/promises')
  },
  get os() {
    return globalThis.process.getBuiltinModule('node:os')
  },
  get path() {
    return globalThis.process.getBuiltinModule('node:path')
  },
  get url() {
    return globalThis.process.getBuiltinModule('node:url')
  },
  get crypto() {
    return globalThis.process.getBuiltinModule('node:crypto')
  },
}

/** True for the error of a file system call that found nothing there. */
export function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code
  return code === 'ENOENT' || code === 'ENOTDIR'
}
