import { isPreprocess } from '@mobileone/checkpoint/lazy'
import { type Backbone, fingerprintLength } from './backbone.ts'

export function isBackbone(value: unknown): value is Backbone {
  if (typeof value !== 'object' || value === null) return false
  const { name, features, fingerprint, preprocess } = value as Record<string, unknown>
  return (
    typeof name === 'string' &&
    Number.isInteger(features) &&
    (features as number) > 0 &&
    Array.isArray(fingerprint) &&
    fingerprint.length === fingerprintLength &&
    fingerprint.every(Number.isFinite) &&
    isPreprocess(preprocess)
  )
}
