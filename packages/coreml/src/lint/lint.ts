import { MobileOneError, type Problem } from '@mobileone/core'
import {
  type Feature,
  formatType,
  type Specification,
  sameType,
  tensorType,
  type ValueType,
} from '../mil/program.ts'
import { targets } from '../mil/versions.ts'
import { lintProgram } from './lint-program.ts'

/**
 * Everything wrong with a specification and its weight file that would stop Core ML from loading or serving it, as far as
 * the format's documentation and sources tell. Tools off macOS find only part of this.
 */
export function lint(specification: Specification, weights: Uint8Array): readonly Problem[] {
  const problems: Problem[] = []
  const report = (where: string, message: string): void => {
    problems.push({ where, message })
  }
  const { version, description, program } = specification
  const versions = Object.values(targets).map((target): number => target.specification)
  if (!versions.includes(version)) {
    report('model', `an ML program needs specification version ${versions.join(', ')}, not ${version}`)
  }
  const types = lintProgram(program, version, weights, report)

  const sameNames = (what: string, features: readonly Feature[], names: readonly string[]): void => {
    const listed = features.map(({ name }) => name)
    if (listed.join('\n') !== names.join('\n')) {
      report(
        'description',
        `the description's ${what}s are ${listed.join(', ')}, the program's ${names.join(', ')}`,
      )
    }
  }
  sameNames(
    'input',
    description.inputs,
    program.inputs.map(({ name }) => name),
  )
  sameNames('output', description.outputs, program.outputs)
  for (const feature of [...description.inputs, ...description.outputs]) {
    const type = types.get(feature.name)
    if (type) lintFeature(feature, type, version, report)
  }
  for (const { name, type } of description.outputs) {
    if (type.kind === 'image') report(name, `the output "${name}" is an image, and the program gives numbers`)
  }
  lintClassifier(specification, report)
  return problems
}

/** @throws MobileOneError `invalid-model` listing every problem of {@link lint}. */
export function assertLinted(specification: Specification, weights: Uint8Array, name: string): void {
  const problems = lint(specification, weights)
  if (problems.length === 0) return
  throw new MobileOneError(
    'invalid-model',
    `the Core ML package of "${name}" would not load:\n${problems.map(({ message }) => `  ${message}`).join('\n')}`,
  )
}

function lintFeature(
  feature: Feature,
  type: ValueType,
  version: number,
  report: (where: string, message: string) => void,
): void {
  const { name, type: shown } = feature
  const expect = (wanted: ValueType): void => {
    if (!sameType(wanted, type)) {
      report(
        name,
        `the feature "${name}" is described as ${formatType(wanted)}, and the program has ${formatType(type)}`,
      )
    }
  }
  switch (shown.kind) {
    case 'image': {
      if (shown.colorSpace === 'none') report(name, `the image "${name}" has no colour space`)
      const half = shown.colorSpace === 'grayscale-fp16'
      if (half && version < 7) report(name, `the image "${name}" has float16 pixels, which need version 7`)
      const channels = shown.colorSpace === 'grayscale' || half ? 1 : 3
      expect(tensorType(half ? 'fp16' : 'fp32', [1, channels, shown.height, shown.width]))
      break
    }
    case 'multiArray':
      if (shown.dtype === 'none') {
        report(name, `the array "${name}" has no element type`)
        return
      }
      if (shown.dtype === 'fp16' && version < 7) {
        report(
          name,
          `the array "${name}" is float16, which needs specification version 7, and this is ${version}`,
        )
      }
      expect(tensorType(shown.dtype, shown.shape))
      break
    case 'string':
    case 'int64':
      expect(tensorType(shown.kind))
      break
    case 'double':
      expect(tensorType('fp64'))
      break
    case 'dictionary':
      expect({ kind: 'dictionary', key: tensorType(shown.key), value: tensorType('fp64') })
      break
    case 'other':
      report(name, `the feature "${name}" has no type`)
      break
    default:
      shown satisfies never
  }
}

function lintClassifier(
  { description, program }: Specification,
  report: (where: string, message: string) => void,
): void {
  const classify = program.operations.find(({ type }) => type === 'classify')
  const label = description.predictedFeatureName
  const probabilities = description.predictedProbabilitiesName
  const [first, second] = classify?.outputs ?? []
  if ((first?.name ?? '') !== label) {
    report(
      'description',
      `predictedFeatureName is "${label}", and the program predicts "${first?.name ?? ''}"`,
    )
  }
  if ((second?.name ?? '') !== probabilities) {
    report(
      'description',
      `predictedProbabilitiesName is "${probabilities}", and the program's is "${second?.name ?? ''}"`,
    )
  }
  const started = program.outputs.slice(0, 2)
  if (classify && (started[0] !== first?.name || started[1] !== second?.name)) {
    report('main', 'the outputs of a classifier must start with the label and its probabilities')
  }
}
