import type { Executor, Model } from '@mobileone/core'
import type { Backbone } from './backbone.ts'
import { checkBackbone } from './check-backbone.ts'
import { checkHead } from './check-head.ts'
import type { HeadData } from './head-data.ts'
import { headedExecutor } from './headed-executor.ts'
import { modelWithHead } from './model-with-head.ts'

interface Compiled {
  readonly model: Model
  readonly executor: Executor
  readonly backbone: () => Backbone | undefined
}

/** A compiled model with another head, once that is known to fit. */
export function headed(compiled: Compiled, head: HeadData) {
  checkHead(head)
  checkBackbone(compiled.backbone(), head.backbone)
  return {
    model: modelWithHead(compiled.model, head),
    executor: headedExecutor(compiled.executor, head),
    labels: head.labels,
  }
}
