import type { Model } from '@mobileone/core'
import { swift as classifyImage } from '../generated/classify-image.ts'
import { swift as loadModel } from '../generated/load-model.ts'
import { swift as measureLatency } from '../generated/measure-latency.ts'
import type { CoreMLOptions } from '../write/options.ts'
import { planExport } from '../write/plan-export.ts'
import { fileName } from '../write/to-coreml.ts'

/**
 * A Swift file for an iOS app that holds the package of `toCoreML(model, options)`: load it, classify a `CGImage` through Vision,
 * and measure latency by the paper's protocol and by ModelBench's. It has been neither compiled nor run: nothing here has
 * Apple hardware.
 * @throws MobileOneError `invalid-argument` where an option does not fit the model.
 */
export function toSwift(model: Model, options: CoreMLOptions = {}): string {
  const plan = planExport(model, options)
  const parts = [
    fill(loadModel, {
      MODEL_NAME: model.name.replaceAll(/[\r\n\u2028\u2029]+/g, ' '),
      RESOURCE: literal(fileName(model.name)),
    }),
  ]
  if (plan.image && plan.classifier) {
    const { size: [height, width] = [0, 0], resize = Math.min(height, width) } = model.card?.preprocess ?? {}
    const sizes = { INPUT_WIDTH: String(width), INPUT_HEIGHT: String(height), SHORTER_SIDE: String(resize) }
    parts.push(fill(classifyImage, sizes))
  }
  parts.push(measureLatency)
  return parts.join('\n')
}

/** `template` with a value for each `__NAME__` in it. */
function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replaceAll(/__([A-Z_]+)__/g, (placeholder, name) => values[name] ?? placeholder)
}

/** Text as a Swift string literal. */
function literal(text: string): string {
  const escaped = Array.from(text, (character) => {
    const code = character.codePointAt(0) as number
    if (character === '"' || character === '\\') return `\\${character}`
    return code < 32 || code === 127 || code === 0x2028 || code === 0x2029
      ? `\\u{${code.toString(16)}}`
      : character
  })
  return `"${escaped.join('')}"`
}
