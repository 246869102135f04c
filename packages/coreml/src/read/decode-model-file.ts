/** `model.mlmodel` to a specification: what kind of model it is, what it says of itself, and its program or network. */
import { MobileOneError } from '@mobileone/core'
import { WireBudget, WireReader } from '@mobileone/core/protobuf-wire'
import type { Description, Program } from '../mil/program.ts'
import { decodeDescription, emptyDescription } from './decode-description.ts'
import { decodeProgram } from './decode-program.ts'
import { limits } from './limits.ts'

/** A decoded model file: an ML program, or the body of an older network for its own reader. */
export interface ModelFile {
  readonly version: number
  readonly description: Description
  readonly program?: Program
  readonly network?: { readonly body: WireReader; readonly classifier: boolean }
}

/** What other files hold, by its field. */
const kinds: ReadonlyMap<number, string> = new Map([
  [200, 'a pipeline classifier'],
  [201, 'a pipeline regressor'],
  [202, 'a pipeline'],
  [303, 'a neural network regressor'],
  [404, 'a k-nearest-neighbours classifier'],
])

export function decodeModelFile(bytes: Uint8Array): ModelFile {
  const reader = new WireReader(
    new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    'Core ML',
    'the model',
    new WireBudget(limits.objects),
  )
  let version = 0
  let description: Description = emptyDescription
  let found: Pick<ModelFile, 'program' | 'network'> | undefined
  while (reader.next()) {
    if (reader.field === 1) version = reader.int()
    else if (reader.field === 2) description = decodeDescription(reader.message('the description'))
    else if (reader.field === 502) found = { program: decodeProgram(reader.message('the program')) }
    else if (reader.field === 500 || reader.field === 403) {
      const classifier = reader.field === 403
      found = { network: { body: reader.message('the network'), classifier } }
    } else if (kinds.has(reader.field)) {
      throw new MobileOneError(
        'unsupported',
        `the Core ML file holds ${kinds.get(reader.field)}; ML programs and neural networks can be read`,
      )
    } else reader.skip()
  }
  if (!found) {
    throw new MobileOneError(
      'invalid-file',
      'not a readable Core ML file: it holds neither an ML program nor a neural network; the file is damaged or of another format',
    )
  }
  return { version, description, ...found }
}
