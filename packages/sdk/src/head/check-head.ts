import { type ErrorCode, MobileOneError } from '@mobileone/core'
import type { HeadData } from './head-data.ts'
import { isBackbone } from './is-backbone.ts'

/** @throws MobileOneError `code` unless `head`, which may come from anywhere, is whole and finite. */
export function checkHead(head: HeadData, code: ErrorCode = 'invalid-argument'): void {
  const fail = (problem: string): never => {
    throw new MobileOneError(code, `a head ${problem}; fit it with fitHead, or load the file it was saved to`)
  }
  const { labels, weight, bias, backbone } = head
  if (!isLabels(labels)) fail('has no labels, a list of different texts')
  if (!isBackbone(backbone)) fail('does not tell its backbone: name, features, fingerprint, preprocess')
  const [classes, { features }] = [labels.length, backbone]
  const isOf = (array: unknown, count: number): boolean =>
    array instanceof Float32Array && array.length === count && array.every(Number.isFinite)
  if (!isOf(weight, classes * features) || !isOf(bias, classes)) {
    fail(
      `of ${classes} classes on ${features} features has ${classes * features} finite weights and ${classes} biases, two Float32Arrays`,
    )
  }
}

export function isLabels(value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((label) => typeof label === 'string') &&
    new Set(value).size === value.length
  )
}
