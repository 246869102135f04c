import { type Model, withCard, withHead } from '@mobileone/core'
import type { HeadData } from './head-data.ts'

/** `model` under a head that fits it, with what the head knows in the card. */
export function modelWithHead(model: Model, head: HeadData): Model {
  const { labels, backbone, report } = head
  const examples = report?.classes.reduce((sum, each) => sum + each.examples, 0)
  const fitted = examples === undefined ? '' : ` fitted on ${examples} examples`
  return withCard(withHead(model, head, labels), {
    preprocess: backbone.preprocess,
    description: `A head for ${labels.length} classes${fitted}, on ${model.card?.description ?? model.name}`,
  })
}
