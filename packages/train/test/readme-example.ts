import { writeFile } from 'node:fs/promises'
import { toSafetensors } from '@mobileone/checkpoint'
import { initialize, mobileone } from '@mobileone/core'
import {
  batchSource,
  fashionMnistPreprocess,
  fashionMnistRecipe,
  smallNetwork,
  split,
  train,
} from '@mobileone/train'
import { fashionMnist, startTfjs } from '@mobileone/train/node'

const recipe = fashionMnistRecipe({ epochs: 5, learningRate: { peak: 0.05 } })
const preprocess = fashionMnistPreprocess
const [held, rest] = split(await fashionMnist({ split: 'train' }), { count: 5000, seed: 0, balanced: true })

const { model, history } = await train(
  initialize(mobileone(smallNetwork(), { form: 'train' }), { seed: 0 }),
  {
    lib: await startTfjs(),
    recipe,
    data: batchSource(rest, { preprocess, augmentation: recipe.augmentation }),
    validation: batchSource(held, { preprocess }),
    onEvent: (event) => event.type === 'epoch' && console.log(event.epoch, event.loss, event.top1),
  },
)
await writeFile('fashion.safetensors', toSafetensors(model))
console.log(history.at(-1)?.top1)
