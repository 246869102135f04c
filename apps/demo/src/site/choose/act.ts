import { choose, defaultChoice } from '../state/choice.ts'
import { cancelLoad, reloadEngine, startDownload } from '../state/engine.ts'
import type { Action } from './status-words.ts'

/** Endings of the files that a classifier is made of. */
export const checkpointEndings = '.safetensors,.pth,.pt,.tar'

/** Do what a button of the status says. */
export function act(action: Action): void {
  switch (action) {
    case 'download':
    case 'resume':
      startDownload()
      return
    case 'try-now':
    case 'reload':
    case 'start':
      reloadEngine()
      return
    case 'cancel':
      cancelLoad()
      return
    case 'use-wasm':
      choose({ backend: defaultChoice.backend, threads: defaultChoice.threads })
      return
    case 'use-embedded':
      choose({ model: defaultChoice.model })
      return
    case 'choose-file':
      askForFile()
      return
    default:
      action satisfies never
  }
}

/** The dialog of files, for a checkpoint of the visitor. */
export function askForFile(): void {
  const input = document.createElement('input')
  input.type = 'file'
  input.accept = checkpointEndings
  input.onchange = () => {
    const file = input.files?.[0]
    if (file) choose({ file })
  }
  input.click()
}
