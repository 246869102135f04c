import { type ExportedFile, MobileOneError, type Model } from '@mobileone/core'
import type { CoreMLOptions } from '../write/options.ts'
import { toSwift } from './to-swift.ts'

/** What `toSwift` keeps of a name, and Xcode's resource must be called. */
const resourceName = /^[\p{L}\p{N}_-][\p{L}\p{N}._-]*$/u

/**
 * `<stem>.swift`, which loads the exported file `stem` from an app.
 * @throws MobileOneError `invalid-argument` for a `stem` that cannot name a resource of an app.
 */
export function swiftFile(model: Model, options: CoreMLOptions, stem: string): ExportedFile {
  if (!resourceName.test(stem)) {
    throw new MobileOneError(
      'invalid-argument',
      `with swift, the file is named with letters, digits, ".", "_" and "-" alone, as a resource of the app; got "${stem}"`,
    )
  }
  const text = toSwift({ ...model, name: stem }, options)
  return { path: `${stem}.swift`, bytes: new TextEncoder().encode(text) }
}
