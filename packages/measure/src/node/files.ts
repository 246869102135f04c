import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MobileOneError, type Model } from '@mobileone/core'
import type { ModelFormat } from '../contender.ts'
import type { LabelledInput, Subject } from '../subject.ts'

/** What turns a model into the bytes of each format. */
export type Writers = Readonly<Partial<Record<ModelFormat, (model: Model) => Uint8Array>>>

/** The files of the subject under test, in a temporary folder: each is written when first asked for. */
export interface SubjectFiles {
  readonly folder: string
  model(subject: Subject, format: ModelFormat): string
  input(subject: Subject): string
  /** One file for each photograph of the subject; none where it has none. */
  photographs(subject: Subject): readonly string[]
  remove(): void
}

/**
 * A temporary folder of networks and inputs (raw little-endian float32) for contenders in other processes. `remove` deletes it.
 * @throws MobileOneError from `model`, `invalid-argument`, for a format that has no writer.
 */
export function subjectFiles(writers: Writers): SubjectFiles {
  const folder = mkdtempSync(join(tmpdir(), 'mobileone-bench-'))
  const written = new Set<string>()
  /** The name of a network comes from a file of a stranger, so it is no name of one here. */
  const stems = new Map<string, string>()
  const stemOf = (variant: string): string => {
    const stem = stems.get(variant) ?? `network-${stems.size}`
    stems.set(variant, stem)
    return stem
  }
  const photographs = new Map<LabelledInput, string>()
  const write = (name: string, bytes: () => Uint8Array): string => {
    const path = join(folder, name)
    if (!written.has(name)) writeFileSync(path, bytes())
    written.add(name)
    return path
  }
  return {
    folder,
    model: ({ variant, model }, format) =>
      write(`${stemOf(variant)}.${format}`, () => {
        const writer = writers[format]
        if (!writer) throw new MobileOneError('invalid-argument', `there is no writer for ${format} files`)
        return writer(model)
      }),
    input: ({ variant, input }) => write(`${stemOf(variant)}.f32`, () => bytesOf(input.data)),
    photographs: ({ photographs: given = [] }) =>
      given.map((photograph) => {
        const name = photographs.get(photograph) ?? `photograph-${photographs.size}.f32`
        photographs.set(photograph, name)
        return write(name, () => bytesOf(photograph.input))
      }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}
