/** Contenders in frames of this page: a document each, one process and one main thread for all. */

import { toSafetensors } from '@mobileone/checkpoint'
import type { Model } from '@mobileone/core'
import type { Lane, LaneHost, PeakLane, Subject } from '@mobileone/measure'
import { toOnnx } from '@mobileone/onnx'
import { toTflite } from '@mobileone/tflite'
import type { Entry } from '../lineup.ts'
import type { Harness } from './contender-page.ts'

const writers: Readonly<Record<Entry['format'], (model: Model) => Uint8Array>> = {
  model: toSafetensors,
  safetensors: toSafetensors,
  onnx: toOnnx,
  tflite: toTflite,
}

/** Addresses of the subject's files, made when first asked for. Frames have classes of their own, so they get files, not objects. */
export interface SubjectAddresses {
  model(subject: Subject, format: Entry['format']): string
  input(subject: Subject): string
  revoke(): void
}

export function subjectAddresses(): SubjectAddresses {
  const made = new Map<string, string>()
  const address = (key: string, bytes: () => Uint8Array | Float32Array): string => {
    const found = made.get(key) ?? URL.createObjectURL(new Blob([bytes() as Uint8Array<ArrayBuffer>]))
    made.set(key, found)
    return found
  }
  return {
    model: ({ variant, model }, format) => address(`${variant}.${format}`, () => writers[format](model)),
    input: ({ variant, input }) => address(variant, () => input.data),
    revoke: () => {
      for (const url of made.values()) URL.revokeObjectURL(url)
      made.clear()
    },
  }
}

export function frameLane(entry: Entry, threads: number, files: SubjectAddresses): Lane {
  return {
    contender: entry.name,
    runtime: 'browser',
    threads,
    refusal: entry.refuses?.('chromium', threads),
    async open(subject): Promise<LaneHost> {
      const { harness, remove } = await openFrame()
      try {
        await harness.open({
          contender: entry.name,
          threads,
          source: files.model(subject, entry.format),
          format: entry.format,
          input: files.input(subject),
          inputShape: subject.input.shape,
          layout: entry.layout,
        })
      } catch (error) {
        remove()
        throw error
      }
      return {
        start: async () => {
          await rest()
          return harness.start()
        },
        turn: async (turn) => {
          await rest()
          return harness.turn(turn)
        },
        finish: () => harness.finish(),
        wire: async () => ({ bytes: harness.fetched() }),
        close: async () => {
          await harness.close()
          remove()
        },
      }
    },
  }
}

/** The peak at each number of threads, all in one frame; `close` removes it. */
export async function openFramePeaks(
  threads: readonly number[],
): Promise<{ readonly lanes: readonly PeakLane[]; close(): Promise<void> }> {
  const { harness, remove } = await openFrame()
  const { instruction } = await harness.peak(1)
  return {
    lanes: threads.map((count) => ({
      runtime: 'browser',
      threads: count,
      instruction,
      measure: async () => (await harness.peak(count)).gflops,
    })),
    close: async () => {
      await harness.close()
      remove()
    },
  }
}

async function openFrame(): Promise<{ harness: Harness; remove(): void }> {
  const frame = document.createElement('iframe')
  frame.src = './contender.html'
  frame.title = 'contender'
  const loaded = new Promise((resolve, reject) => {
    frame.onload = resolve
    frame.onerror = () => reject(new Error('the frame of a contender does not load'))
  })
  document.getElementById('frames')?.append(frame)
  await loaded
  const harness = frame.contentWindow?.harness
  if (!harness) {
    frame.remove()
    throw new Error('the frame of a contender has no harness')
  }
  return { harness, remove: () => frame.remove() }
}

/** Milliseconds in which the page shows what it has to show, so that drawing does not fall into a timed run. */
const drawing = 40

function rest(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, drawing))
}
