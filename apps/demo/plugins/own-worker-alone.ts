import type { Plugin } from 'vite'

const standard = /new URL\(["'`]\.\/classifier-worker\.mjs["'`],\s*import\.meta\.url\)/

/** Leaves out the SDK's own file of a worker: this page always gives one that it has built. */
export function ownWorkerAlone(): Plugin {
  return {
    name: 'own-worker-alone',
    apply: 'build',
    enforce: 'pre',
    transform(code, id) {
      if (!/sdk\/dist\/(browser\/)?worker\.mjs$/.test(id)) return undefined
      if (!standard.test(code)) throw new Error(`${id} starts its worker otherwise than this build expects`)
      return { code: code.replace(standard, 'new URL(location.href)'), map: null }
    },
  }
}
