import { type Model, reparameterize } from '@mobileone/core'
import { type ClassifyOptions, type Prediction, predict } from '@mobileone/vision'
import { type Backbone, backboneOf } from './backbone.ts'
import { checkBackbone } from './check-backbone.ts'
import { checkHead } from './check-head.ts'
import { checkEmbedding } from './embeddings.ts'
import type { HeadData, HeadReport } from './head-data.ts'
import { headLogits } from './head-logits.ts'
import { modelWithHead } from './model-with-head.ts'
import { writeHead } from './write-head.ts'

/** How a head ranks its classes: those options of `classify` that are about scores. */
export type PredictOptions = Pick<ClassifyOptions, 'topK' | 'threshold' | 'allow' | 'deny' | 'activation'>

/**
 * A linear head: embeddings to classes. Its fields are plain data, so `postMessage` and `structuredClone` carry them over as
 * {@link HeadData}; `new Head(data)` makes a head of them again.
 */
export class Head implements HeadData {
  readonly labels: readonly string[]
  readonly weight: Float32Array
  readonly bias: Float32Array
  readonly backbone: Backbone
  readonly report?: HeadReport

  /** @throws MobileOneError `invalid-argument` where lengths do not fit together or a weight is not finite. */
  constructor(data: HeadData) {
    checkHead(data)
    this.labels = data.labels
    this.weight = data.weight
    this.bias = data.bias
    this.backbone = data.backbone
    if (data.report) this.report = data.report
  }

  /** Raw scores [classes] of an embedding [features]. @throws MobileOneError `invalid-input` for one of another length. */
  logits(embedding: Float32Array): Float32Array {
    checkEmbedding(embedding, this.backbone, 'the embedding')
    return headLogits(this, embedding)
  }

  /**
   * The best classes of an embedding [features], best first; scores are probabilities unless `activation` says otherwise.
   * @throws MobileOneError `invalid-input` for an embedding of another length, `invalid-argument` for an option.
   */
  predict(embedding: Float32Array, options: PredictOptions = {}): Prediction[] {
    return predict(this.logits(embedding), { ...options, labels: this.labels })
  }

  /** A safetensors file: weight, bias, card, backbone and report; 4 bytes for each weight and 1 to 2 kB more. */
  toBytes(): Uint8Array {
    return writeHead(this)
  }

  /**
   * The whole network, to save and export: `model`, in either form, with this head, its labels and the preprocessing in the card.
   * @throws MobileOneError `invalid-argument` for another backbone, `unsupported` for a model without embeddings.
   */
  toModel(model: Model): Model {
    const folded = model.nodes.some(({ op }) => op === 'batchNorm') ? reparameterize(model) : model
    checkBackbone(backboneOf(folded, this.backbone.preprocess), this.backbone)
    return modelWithHead(model, this)
  }
}
