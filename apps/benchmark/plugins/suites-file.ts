import type { Plugin } from 'vite'
import { suitesJson } from '../src/workload/suites.ts'

/** `suites.json`, for a copy of the site in the folder `resources/mobileone` of the runner. */
export function suitesFile(): Plugin {
  return {
    name: 'suites-file',
    apply: 'build',
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: 'suites.json', source: suitesJson('resources/mobileone/') })
    },
  }
}
