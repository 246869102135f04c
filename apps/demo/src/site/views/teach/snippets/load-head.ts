import { type Classifier, createClassifier } from '@mobileone/sdk'
import { loadHead } from '@mobileone/sdk/head'

/** The classes you taught, on the backbone you taught them on. */
export async function loadTaught(): Promise<Classifier> {
  const backbone = await createClassifier({ model: 's0' })
  const file = await fetch('/taught.head.safetensors')
  const head = loadHead(new Uint8Array(await file.arrayBuffer()))
  return backbone.withHead(head)
}
