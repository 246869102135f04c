/**
 * The names that programs give to the weights of one and the same network, as data. A key is a block, a part of the block and
 * a parameter: `stages.0.1` + `conv_kxk.2.bn` + `running_mean` in timm is `stage1.1` + `conv.2.bn` + `running_mean` here.
 * Sources: apple/ml-mobileone `mobileone.py`, timm `byobnet.py`, mmpretrain `backbones/mobileone.py`. Segmentation-models-pytorch uses
 * Apple's names under `encoder.`.
 */

/** Whose names: this project's, Apple's, timm's or mmpretrain's. */
export type NamingName = 'canonical' | 'apple' | 'timm' | 'mmpretrain'

/** How one program names the weights of a MobileOne. */
export interface Naming {
  readonly name: NamingName
  readonly stem: string
  /** Block j of stage s is `<prefix><s - 1 + first>.<j>`, with s from 1. */
  readonly stage: { readonly prefix: string; readonly first: number }
  /** Modules of a block, relative to it; `{i}` is the branch. */
  readonly parts: Readonly<Record<Part, string>>
  readonly head: string
}

/** A module of a block. */
export type Part = 'fused' | 'conv' | 'convNorm' | 'scale' | 'scaleNorm' | 'skip' | 'seReduce' | 'seExpand'

/** Every naming that is read and written. */
export const namings: Readonly<Record<NamingName, Naming>> = {
  canonical: {
    name: 'canonical',
    stem: 'stem',
    stage: { prefix: 'stage', first: 1 },
    parts: {
      fused: '',
      conv: 'conv.{i}',
      convNorm: 'conv.{i}.bn',
      scale: 'scale',
      scaleNorm: 'scale.bn',
      skip: 'skip',
      seReduce: 'se.reduce',
      seExpand: 'se.expand',
    },
    head: 'head',
  },
  apple: {
    name: 'apple',
    stem: 'stage0',
    stage: { prefix: 'stage', first: 1 },
    parts: {
      fused: 'reparam_conv',
      conv: 'rbr_conv.{i}.conv',
      convNorm: 'rbr_conv.{i}.bn',
      scale: 'rbr_scale.conv',
      scaleNorm: 'rbr_scale.bn',
      skip: 'rbr_skip',
      seReduce: 'se.reduce',
      seExpand: 'se.expand',
    },
    head: 'linear',
  },
  timm: {
    name: 'timm',
    stem: 'stem',
    stage: { prefix: 'stages.', first: 0 },
    parts: {
      fused: 'reparam_conv',
      conv: 'conv_kxk.{i}.conv',
      convNorm: 'conv_kxk.{i}.bn',
      scale: 'conv_scale.conv',
      scaleNorm: 'conv_scale.bn',
      skip: 'identity',
      seReduce: 'attn.fc1',
      seExpand: 'attn.fc2',
    },
    head: 'head.fc',
  },
  mmpretrain: {
    name: 'mmpretrain',
    stem: 'backbone.stage0',
    stage: { prefix: 'backbone.stage', first: 1 },
    parts: {
      fused: 'branch_reparam',
      conv: 'branch_conv_list.{i}.conv',
      convNorm: 'branch_conv_list.{i}.norm',
      scale: 'branch_scale.conv',
      scaleNorm: 'branch_scale.norm',
      skip: 'branch_norm',
      seReduce: 'se.conv1.conv',
      seExpand: 'se.conv2.conv',
    },
    head: 'head.fc',
  },
}
