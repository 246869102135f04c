/**
 * Layers in integers give the same bits in every engine, by every kernel, on one thread and on two: single layers those of the
 * reference. Whole networks have float32 layers, too, whose products one build rounds and the other does not: one fingerprint each.
 */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { modelFromCheckpoint, readCheckpoint, toSafetensors } from '@mobileone/checkpoint'
import { type Model, quantize, type Tensors, tensor } from '@mobileone/core'
import {
  type EngineName,
  goldenFolder,
  lacking,
  openEnginePage,
  openModulePage,
  type Requirement,
  readGolden,
  readGoldenFloat32,
} from '@mobileone/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { wasm } from '../../src/index.ts'
import type { Int8BitsPage } from '../int8-bits-page.ts'
import { type Int8Bits, type Int8Run, int8Bits, seededS0 } from '../int8-s0.ts'

/** SHA-256 of the logits, float32 in the order of bytes of x86 and Arm. Those of the real S0 change with what `quantize` makes of it. */
const fingerprints = {
  seeded: {
    plain: 'f6239f3fa0cae48ae2e6a490d2cf8fec538d84ab14f0edc25dffbcf6801a21b2',
    relaxed: '7ffd0516a48c3dcb4b993f83f86ce2dc3ce4b7b95134da3ac2768b8285fa716a',
  },
  real: {
    plain: '185f2b3fb89bd288049c2128feca52a9552affa1aeaa0c295d7453470b57f5fb',
    relaxed: 'e2fc2070087faedccb5deb950d5c116848ffdd8cef5dc11d16164580c199252e',
  },
} as const

const plain: Int8Run = { simd: 'plain', kernel: 'dot_i16', threads: 1 }
const relaxed = (['rdot16', 'rdot16x4', 'relaxed_dot_add'] as const).map(
  (kernel): Int8Run => ({ simd: 'relaxed', kernel, threads: 1 }),
)
const onTwo = (runs: readonly Int8Run[]): Int8Run[] => runs.map((run) => ({ ...run, threads: 2 }))

/** How one asks a page for its functions, whatever engine it is in. */
interface Asked {
  call<Name extends keyof Int8BitsPage>(
    name: Name,
    ...args: Parameters<Int8BitsPage[Name]>
  ): Promise<Awaited<ReturnType<Int8BitsPage[Name]>>>
  close(): Promise<void>
}

const hasGolden = !lacking('golden')
const folder = mkdtempSync(join(tmpdir(), 'mobileone-int8-bits-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const page = {
  entry: fileURLToPath(new URL('../int8-bits-page.ts', import.meta.url)),
  folders: { '/golden/': goldenFolder, '/int8/': folder },
}

let photograph: Tensors
let real: Model
beforeAll(async () => {
  if (!hasGolden) return
  photograph = { image: tensor([1, 3, 224, 224], readGoldenFloat32('s0-input-1x3x224x224.f32')) }
  const float = modelFromCheckpoint(readCheckpoint(readGolden('mobileone_s0.pth.tar')))
  real = (await quantize(float, { samples: [photograph], floatShare: 0, backend: wasm({ simd: 'plain' }) }))
    .model
  writeFileSync(join(folder, 's0.safetensors'), toSafetensors(real))
})

function expectFingerprint(network: 'seeded' | 'real', { simd, kernel }: Int8Run, found: Int8Bits): void {
  expect(found.kernels).toContain(`int8 ${kernel}+relu`)
  expect(new Set(found.bits).size).toBeGreaterThan(900)
  const fingerprint = createHash('sha256').update(Uint32Array.from(found.bits)).digest('hex')
  expect(fingerprint).toBe(fingerprints[network][simd])
}

async function inChromium(): Promise<Asked> {
  const opened = await openModulePage(page)
  await opened.page.waitForFunction(() => 'int8Logits' in globalThis)
  return {
    call: (name, ...args) =>
      opened.page.evaluate(
        ([called, given]) =>
          (globalThis as unknown as Record<string, (...all: unknown[]) => never>)[called]!(...given),
        [name, args] as const,
      ),
    close: () => opened.close(),
  }
}

const inEngine = (engine: EngineName) => (): Promise<Asked> => openEnginePage(engine, page, 170_000)

describe('in this Node', () => {
  test.each([plain, ...onTwo([plain])])(
    '$kernel, $threads thread(s): S0 with seeded weights',
    async (run) => {
      const { model, inputs } = seededS0()
      expectFingerprint('seeded', run, await int8Bits(model, inputs, run))
    },
  )
  test.skipIf(lacking('golden')).each([plain, ...onTwo([plain])])(
    '$kernel, $threads thread(s): the real S0',
    async (run) => {
      expectFingerprint('real', run, await int8Bits(real, photograph, run))
    },
  )
})

interface Engine {
  readonly need: Requirement
  readonly open: () => Promise<Asked>
  readonly runs: readonly Int8Run[]
  /** Of the single layers, every so many. */
  readonly step: number
}

const engines: Readonly<Record<string, Engine>> = {
  Chromium: {
    need: 'chromium',
    open: inChromium,
    runs: [plain, ...relaxed, ...onTwo([plain, ...relaxed])],
    step: 6,
  },
  Firefox: {
    need: 'firefox',
    open: inEngine('firefox'),
    runs: [plain, ...relaxed, ...onTwo([plain, ...relaxed])],
    step: 6,
  },
  // Neither relaxed SIMD nor threads.
  WebKitGTK: { need: 'webkit', open: inEngine('webkit'), runs: [plain], step: 6 },
  'a current Node': {
    need: 'current-node',
    open: inEngine('current-node'),
    runs: [plain, ...relaxed, ...onTwo([plain, ...relaxed])],
    step: 6,
  },
  // Emulated: a few of all.
  'Node on arm64': {
    need: 'arm64-node',
    open: inEngine('arm64-node'),
    runs: [plain, ...relaxed, ...onTwo(relaxed.slice(-1))],
    step: 20,
  },
}

describe.each(Object.entries(engines))('in %s', (_, { need, open, runs, step }) => {
  describe.skipIf(lacking(need))('layers in integers', () => {
    let asked: Asked
    beforeAll(async () => {
      asked = await open()
    })
    afterAll(() => asked?.close())

    test.each(runs)(
      '$kernel, $threads thread(s): single ones have the bits of the reference',
      async (run) => {
        expect(await asked.call('int8Differences', run, step)).toEqual([])
      },
    )
    test.each(runs)('$kernel, $threads thread(s): S0 with seeded weights', async (run) => {
      expectFingerprint('seeded', run, await asked.call('int8Logits', 'seeded', run))
    })
    // The seeded S0 has the same layers, and went through every kernel on two threads.
    const fewer = runs.filter((run) => run.threads === 1 || run === runs.at(-1))
    test.skipIf(lacking('golden')).each(fewer)('$kernel, $threads thread(s): the real S0', async (run) => {
      expectFingerprint('real', run, await asked.call('int8Logits', 'real', run))
    })
  })
})
