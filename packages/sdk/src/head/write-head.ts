import { cardMetadata, writeSafetensors } from '@mobileone/checkpoint/lazy'
import type { HeadData } from './head-data.ts'

export const headKey = 'mobileone.head'

/** The bytes of a safetensors file with a head; equal heads give equal bytes. */
export function writeHead({ labels, weight, bias, backbone, report }: HeadData): Uint8Array {
  const { preprocess, ...rest } = backbone
  const classes = labels.length
  return writeSafetensors(
    new Map([
      ['weight', { dtype: 'F32', shape: [classes, backbone.features], data: weight }],
      ['bias', { dtype: 'F32', shape: [classes], data: bias }],
    ]),
    {
      ...cardMetadata({ description: `A head for "${backbone.name}"`, labels, preprocess }),
      [headKey]: JSON.stringify({ version: 1, backbone: rest, report }),
    },
  )
}
