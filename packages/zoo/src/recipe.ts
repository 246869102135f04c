import type { Graph } from '@mobileone/core'
import { buildGhostNet, type GhostNetRecipe } from './families/ghostnet.ts'
import { buildMobile, type MobileRecipe } from './families/mobile.ts'
import { buildMobileNeXt, type MobileNeXtRecipe } from './families/mobilenext.ts'
import { buildMobileVit, type MobileVitRecipe } from './families/mobilevit.ts'
import { buildPit, type PitRecipe } from './families/pit.ts'
import { buildRepVgg, type RepVggRecipe } from './families/repvgg.ts'
import { buildResNet, type ResNetRecipe } from './families/resnet.ts'
import { buildShuffleNet, type ShuffleNetRecipe } from './families/shufflenet.ts'
import { buildVit, type VitRecipe } from './families/vit.ts'
import type { Layers } from './layers.ts'

/** A network as data. */
export type Recipe =
  | MobileRecipe
  | RepVggRecipe
  | ResNetRecipe
  | MobileNeXtRecipe
  | GhostNetRecipe
  | ShuffleNetRecipe
  | VitRecipe
  | PitRecipe
  | MobileVitRecipe

/** The network of `recipe` on the input `image`, showing `logits`. */
export function buildRecipe(layers: Layers, recipe: Recipe): Graph {
  switch (recipe.family) {
    case 'mobile':
      return buildMobile(layers, recipe)
    case 'repvgg':
      return buildRepVgg(layers, recipe)
    case 'resnet':
      return buildResNet(layers, recipe)
    case 'mobilenext':
      return buildMobileNeXt(layers, recipe)
    case 'ghostnet':
      return buildGhostNet(layers, recipe)
    case 'shufflenet':
      return buildShuffleNet(layers, recipe)
    case 'vit':
      return buildVit(layers, recipe)
    case 'pit':
      return buildPit(layers, recipe)
    case 'mobilevit':
      return buildMobileVit(layers, recipe)
    default:
      return recipe satisfies never
  }
}
