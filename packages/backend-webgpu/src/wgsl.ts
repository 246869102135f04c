/**
 * What every kernel shares. Feature maps are NHWC in vectors of 4 channels: element ((n H + y) W + x) Q + q holds channels
 * 4q..4q+3, with Q = ceil(C / 4). Lanes past the last channel are zero: every store masks them, so that no NaN or infinity
 * of a padding lane can meet a zero weight. All sizes are constants of the text; equal shapes share a pipeline.
 */
import type { Unary } from '@mobileone/core'

/** Storage of weights and feature maps; sums are always float32. */
export type Precision = 'f32' | 'f16'
/** What a kernel does to a result before it stores it: any function of one value, or nothing. */
export type Activation = 'none' | Unary['op']

/** What all kernels of a plan have in common. */
export interface Setting {
  readonly precision: Precision
  /** Invocations of a workgroup. */
  readonly workgroup: number
}

export interface Kernel {
  readonly name: string
  readonly code: string
  readonly workgroups: readonly [x: number, y: number]
}

/** A buffer a kernel binds, `count` elements long. The last one is written, the others are read. */
export interface Binding {
  readonly name: string
  readonly type: 'vector' | 'vec4f' | 'f32'
  readonly count: number
}

/** Workgroups of one dimension of a dispatch: the limit every WebGPU device has. */
export const ROW = 65535

/** So many workgroups in rows. */
export function inRows(groups: number): readonly [x: number, y: number] {
  return [Math.min(groups, ROW), Math.ceil(groups / ROW)]
}

export interface KernelText {
  readonly name: string
  readonly setting: Setting
  readonly bindings: readonly Binding[]
  /** Invocations (each sees its index as `id`), or workgroups of cooperating invocations (`group` and `lane`). */
  readonly invocations?: number
  readonly groups?: number
  /** Declarations outside `main`, left out where those of the activation contain them. */
  readonly declarations?: string
  readonly activation?: Activation
  readonly body: string
}

/** Assemble a kernel. */
export function kernel(text: KernelText): Kernel {
  const { precision, workgroup } = text.setting
  const vector = precision === 'f16' ? 'vec4<f16>' : 'vec4f'
  const bindings = text.bindings.map(({ name, type, count }, index) => {
    const access = index === text.bindings.length - 1 ? 'read_write' : 'read'
    const element = type === 'vector' ? 'V' : type
    return `@group(0) @binding(${index}) var<storage, ${access}> ${name}: array<${element}, ${count}>;`
  })
  const groups = text.groups ?? Math.ceil(text.invocations! / workgroup)
  const [x, y] = inRows(groups)
  const index = y > 1 ? `place.y * ${ROW}u + place.x` : 'place.x'
  const start =
    text.groups === undefined
      ? `  let id = (${index}) * ${workgroup}u + lane;\n  if (id >= ${text.invocations}u) { return; }`
      : `  let group = ${index};\n  if (group >= ${groups}u) { return; }`
  const activate = text.activation && text.activation !== 'none' ? activations[text.activation] : ''
  const lines = [
    ...(precision === 'f16' ? ['enable f16;'] : []),
    `alias V = ${vector};`,
    ...bindings,
    ...(text.declarations && !activate.includes(text.declarations) ? [text.declarations] : []),
    ...(activate ? [activate] : []),
    `@compute @workgroup_size(${workgroup})`,
    'fn main(@builtin(workgroup_id) place: vec3u, @builtin(local_invocation_index) lane: u32) {',
    start,
    text.body.replace(/\n\s*\n/g, '\n').trimEnd(),
    '}',
  ]
  return { name: text.name, code: `${lines.join('\n')}\n`, workgroups: [x, y] }
}

/** `text(0) … text(count - 1)`, one a line. */
export function repeat(count: number, text: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => text(index)).join('\n')
}

/** A statement that stores `value` of quad `quad` at `index`, activated, with the lanes past the last channel zero. */
export function store(
  to: string,
  index: string,
  value: string,
  quad: string,
  channels: number,
  activation: Activation = 'none',
): string {
  const active = activation === 'none' ? value : `activate(${value})`
  const kept = channels % 4
  if (kept === 0) return `${to}[${index}] = V(${active});`
  const lanes = `${'xyz'.slice(0, kept)}`
  const zeros = ', 0'.repeat(4 - kept)
  return (
    `let result_${value} = ${active};\n` +
    `${to}[${index}] = V(select(result_${value}, vec4f(result_${value}.${lanes}${zeros}), ${quad} == ${Math.ceil(channels / 4) - 1}u));`
  )
}

export const quads = (channels: number): number => Math.ceil(channels / 4)

/** The exponential of NaN is 0 on some drivers, and comparisons with NaN may be optimised away: test the bits. */
export const notNumber: string =
  'fn notNumber(x: vec4f) -> vec4<bool> { return (bitcast<vec4u>(x) & vec4u(0x7fffffff)) > vec4u(0x7f800000); }'

/** `larger(a, b)`: NaN where either is. */
export const larger: string = `${notNumber}
fn larger(a: vec4f, b: vec4f) -> vec4f {
  let most = select(a, b, b > a);
  return select(select(most, b, notNumber(b)), a, notNumber(a));
}`

/**
 * NaN stays: `relu` looks for it since drivers make a maximum of a comparison with zero. `gelu` uses the error function of Abramowitz
 * and Stegun 7.1.26 (1.5e-7); the sigmoid never takes the exponential of a positive number.
 */
const activations: Readonly<Record<Unary['op'], string>> = {
  relu: `${notNumber}
fn activate(x: vec4f) -> vec4f { return select(select(x, vec4f(), x < vec4f()), x, notNumber(x)); }`,
  sigmoid: `${notNumber}
fn activate(x: vec4f) -> vec4f {
  let e = exp(-abs(x));
  return select(select(vec4f(1), e, x < vec4f()) / (1 + e), x, notNumber(x));
}`,
  silu: `fn activate(x: vec4f) -> vec4f {
  let e = exp(-abs(x));
  return x * (select(vec4f(1), e, x < vec4f()) / (1 + e));
}`,
  relu6: `${notNumber}
fn activate(x: vec4f) -> vec4f { return select(clamp(x, vec4f(), vec4f(6)), x, notNumber(x)); }`,
  hardSigmoid: `${notNumber}
fn activate(x: vec4f) -> vec4f { return select(clamp(x + 3, vec4f(), vec4f(6)) / 6, x, notNumber(x)); }`,
  hardSwish: `${notNumber}
fn activate(x: vec4f) -> vec4f { return x * select(clamp(x + 3, vec4f(), vec4f(6)) / 6, x, notNumber(x)); }`,
  gelu: `fn activate(x: vec4f) -> vec4f {
  let z = min(abs(x) * 0.7071067811865476, vec4f(6));
  let t = 1 / (1 + 0.3275911 * z);
  let p = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  let e = 1 - p * exp(-z * z);
  return 0.5 * x * (1 + select(e, -e, x < vec4f()));
}`,
}
