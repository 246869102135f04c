/**
 * The bytes of a module that does nothing but float32 multiply-adds:
 *
 *   (func (export "peak") (param $rounds i32) (param $factor f32) (result f32)
 *     ;; 12 chains: $c0 … $c11 begin at 0 … 11
 *     (loop
 *       ;; for each chain
 *       (local.set $c (f32x4.relaxed_madd (local.get $c) (local.get $x) (local.get $x)))
 *       (br_if 0 (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
 *     ;; lane 0 of the sum of the chains
 *   )
 *
 * The chains are independent and begin at different values, so an engine can neither merge nor skip one; 12 hide the
 * latency of the multiply-add on every core sold today. Without relaxed SIMD a round is a multiplication and an addition.
 */

/** Chains of 4 lanes, a multiplication and an addition in each. */
export const flopPerRound: number = 12 * 4 * 2

const chains = 12
const i32 = 0x7f
const f32 = 0x7d
const v128 = 0x7b
/** Locals: 0 rounds, 1 factor, 2 the factor in every lane, 3 and up the chains. */
const rounds = 0
const factor = 1
const splat = 2
const firstChain = 3

const op = {
  end: 0x0b,
  loop: (type: number): readonly number[] => [0x03, type],
  brIf: (depth: number): readonly number[] => [0x0d, depth],
  get: (local: number): readonly number[] => [0x20, local],
  set: (local: number): readonly number[] => [0x21, local],
  tee: (local: number): readonly number[] => [0x22, local],
  i32Const: (value: number): readonly number[] => [0x41, value],
  f32Const: (value: number): readonly number[] => [0x43, ...new Uint8Array(new Float32Array([value]).buffer)],
  i32Sub: 0x6b,
  f32x4Splat: [0xfd, 0x13],
  f32x4ExtractLane: (lane: number): readonly number[] => [0xfd, 0x1f, lane],
  f32x4Add: [0xfd, 0xe4, 0x01],
  f32x4Mul: [0xfd, 0xe6, 0x01],
  f32x4RelaxedMadd: [0xfd, 0x85, 0x02],
} as const

const emptyBlock = 0x40
const magicAndVersion = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]

/** The module; `relaxed` uses the fused instruction. */
export function peakModule(relaxed: boolean): Uint8Array<ArrayBuffer> {
  const each = (emit: (chain: number) => readonly number[]): number[] =>
    Array.from({ length: chains }, (_, index) => emit(firstChain + index)).flat()
  const multiplyAdd = relaxed
    ? [...op.get(splat), ...op.get(splat), ...op.f32x4RelaxedMadd]
    : [...op.get(splat), ...op.f32x4Mul, ...op.get(splat), ...op.f32x4Add]

  const locals = [1, 1 + chains, v128]
  const fillFactor = [...op.get(factor), ...op.f32x4Splat, ...op.set(splat)]
  const begin = each((chain) => [...op.f32Const(chain - firstChain), ...op.f32x4Splat, ...op.set(chain)])
  const step = each((chain) => [...op.get(chain), ...multiplyAdd, ...op.set(chain)])
  const countDown = [...op.get(rounds), ...op.i32Const(1), op.i32Sub, ...op.tee(rounds), ...op.brIf(0)]
  const loop = [...op.loop(emptyBlock), ...step, ...countDown, op.end]
  const others = each((chain) => (chain === firstChain ? [] : [...op.get(chain), ...op.f32x4Add]))
  const sum = [...op.get(firstChain), ...others, ...op.f32x4ExtractLane(0)]
  const body = [...locals, ...fillFactor, ...begin, ...loop, ...sum, op.end]
  const name = new TextEncoder().encode('peak')
  return new Uint8Array([
    ...magicAndVersion,
    ...section(1, [1, 0x60, 2, i32, f32, 1, f32]),
    ...section(3, [1, 0]),
    ...section(7, [1, name.length, ...name, 0x00, 0]),
    ...section(10, [1, ...leb128(body.length), ...body]),
  ])
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...leb128(content.length), ...content]
}

/** Unsigned LEB128. */
function leb128(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb128(value >>> 7)]
}
