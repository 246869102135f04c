import { MobileOneError } from '@mobileone/core'
import type { Shot } from '../few-shot/fit.ts'
import type { Backbone } from './backbone.ts'
import { checkEmbedding, refuseUnitLength } from './embeddings.ts'
import { type FitOptions, fitExamples } from './fit-examples.ts'
import type { Head } from './head.ts'

/** Embeddings by label. JavaScript puts labels that are whole numbers first; the head's `labels` tell the order. */
export type Embeddings = Readonly<Record<string, readonly Float32Array[]>>

/** How `fitHead` fits, and of which backbone the embeddings are. */
export interface FitHeadOptions extends FitOptions {
  /** What made the embeddings: `classifier.backbone`, or `backboneOf(model)`. */
  readonly backbone: Backbone | undefined
}

/**
 * Fit a linear head to embeddings [features], as `classifier.embed` gives them: multinomial logistic regression in which every
 * class counts the same, on standardised features. Fits in steps of a few milliseconds, between which events are heard.
 * @throws MobileOneError `invalid-argument` for fewer than two classes or one without embeddings, `invalid-input` for embeddings of
 * another length, not finite, scaled to length 1 or all the same, `unsupported` without a backbone, `aborted`.
 */
export async function fitHead(embeddings: Embeddings, options: FitHeadOptions): Promise<Head> {
  const { backbone } = options
  if (!backbone) {
    throw new MobileOneError(
      'unsupported',
      'fitHead: there is no backbone; pass backbone: classifier.backbone of a model that ends in a linear layer',
    )
  }
  const entries = Object.entries(embeddings)
  if (entries.length < 2) {
    throw new MobileOneError(
      'invalid-argument',
      `fitHead: there ${entries.length === 1 ? 'is one class' : 'are no classes'}; give embeddings of two or more, such as { cats: [...], others: [...] }`,
    )
  }
  const shots: Shot[] = []
  for (const [index, [label, list]] of entries.entries()) {
    const quoted = JSON.stringify(label)
    if (!Array.isArray(list) || list.length === 0) {
      throw new MobileOneError('invalid-argument', `fitHead: give ${quoted} a list of one embedding or more`)
    }
    for (const [place, embedding] of list.entries()) {
      checkEmbedding(embedding, backbone, `embedding ${place} of ${quoted}`)
      shots.push({ class: index, views: [embedding] })
    }
  }
  refuseUnitLength(shots.map(({ views }) => views[0]!))
  return fitExamples(
    shots,
    entries.map(([label]) => label),
    backbone,
    options,
  )
}
