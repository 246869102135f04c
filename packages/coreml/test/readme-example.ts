import type { Model } from '@mobileone/core'
import { fromCoreML, toCoreML, toSwift, zipPackage } from '@mobileone/coreml'

export function forBrowser(model: Model): Uint8Array {
  return zipPackage(toCoreML(model, { precision: 'float16', embedding: true }))
}

export function swiftFor(model: Model): string {
  return toSwift(model)
}

export function read(bytes: Uint8Array): Model {
  return fromCoreML(bytes)
}
