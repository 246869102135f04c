import { variants } from '@mobileone/core'
import { defineCommand, UsageError } from '../command.ts'
import { jsonFlag, namingFlag, outputFlag, shapeFlags, storageFlag } from '../flags.ts'
import { printJson } from '../terminal.ts'
import { chooseRecipe } from '../training/choose-recipe.ts'
import { runTraining } from '../training/run-training.ts'
import { writePlan } from '../training/write-plan.ts'

export const train = defineCommand({
  name: 'train',
  summary: 'Train a MobileOne with the recipe of the paper, in this process.',
  details:
    'The data set is fashion-mnist (Debian: apt install dataset-fashion-mnist), a folder of IDX files named as those of MNIST, or a\n' +
    'folder with a sub-folder of pictures per class, which may be split into train/ and val/. Classes of IDX files are numbers, but\n' +
    'those of Fashion-MNIST where the folder is named fashion-mnist.\n' +
    '\n' +
    'The network is in train form; what is written is the moving average of its weights, with labels, mean and deviation and the\n' +
    "recipe in the file's card. It is a checkpoint as any other: classify, eval and export fold it.\n" +
    '\n' +
    'The recipe is fashion-mnist, small-pictures, or s0 to s4 for those of the paper, or a JSON file: { "extends": "s0",\n' +
    '"epochs": 60, "learningRate": { "peak": 0.05 } }. Every value can be overridden; --print-recipe shows the result.\n' +
    '\n' +
    'Unless flags or a JSON file say otherwise the recipe is made to suit the data: images no larger than half of the pictures\n' +
    'are, and for those of up to 64 pixels the network "small" and the recipe small-pictures; batches that fit the memory and\n' +
    'the number of images, with the learning rate in proportion. What was chosen is said, and --resume keeps to it.\n' +
    '\n' +
    'A run keeps <output>.checkpoint after every epoch and when it is interrupted or fails; --resume goes on from there and ends\n' +
    'with the same weights, bit for bit, as an unbroken run with as many --workers. Each worker normalises by its own part of a\n' +
    'batch. Without --resume the checkpoint of an earlier run is kept as <output>.checkpoint.previous.\n' +
    '\n' +
    '--variant, --strides and --prefix say of --weights what they say in other commands. The channels of the input are those of the data.\n' +
    '\n' +
    'Needs TensorFlow.js in the project: npm i @tensorflow/tfjs @tensorflow/tfjs-backend-wasm. ImageNet takes days here: --plan\n' +
    'torch writes the script and the torchrun command that train the same recipe with PyTorch; its checkpoint is read here.',
  positionals: '[name|folder]',
  minPositionals: 0,
  maxPositionals: 1,
  flags: {
    dataset: {
      type: 'string',
      short: 'd',
      value: '<name|folder>',
      help: 'What to train on; it may also be named without the flag',
    },
    validation: {
      type: 'string',
      value: '<folder>',
      help: 'Pictures to measure accuracy on after each epoch',
    },
    'hold-out': {
      type: 'number',
      least: 0,
      isFraction: true,
      value: '<n>',
      help: 'Keep n images, or that fraction, for it instead, the same share of each class; val/ is then measured at the end',
    },
    balance: { type: 'boolean', help: 'Show every class equally often' },
    variant: {
      type: 'string',
      value: '<name>',
      help: 'Train this network from random weights',
      choices: Object.keys(variants),
    },
    network: {
      type: 'string',
      value: '<small|json>',
      help: 'The network for images of 28 to 64 pixels, or a configuration of your own',
    },
    width: {
      type: 'number',
      least: 0,
      isFraction: true,
      value: '<x>',
      help: 'Scale the channels of the network "small"',
    },
    branches: { type: 'number', short: 'k', value: '<k>', help: 'Parallel branches of each block' },
    weights: {
      type: 'string',
      short: 'w',
      value: '<path|url|hub id>',
      help: 'Start from these, with a new head where the classes differ',
    },
    strides: shapeFlags.strides,
    prefix: shapeFlags.prefix,
    recipe: { type: 'string', short: 'r', value: '<name|json>', help: 'How to train' },
    epochs: { type: 'number', value: '<n>', help: 'Epochs; the schedule is stretched over them' },
    seed: { type: 'number', least: 0, value: '<n>', help: 'Of weights, order and augmentation' },
    'batch-size': { type: 'number', value: '<n>', help: "Images per step; default: the recipe's, or fewer" },
    'learning-rate': {
      type: 'number',
      least: 0,
      isFraction: true,
      value: '<x>',
      help: 'The highest learning rate',
    },
    size: {
      type: 'number',
      value: '<pixels>',
      help: 'Scale the image sizes of the recipe so that the last is this; default: as the pictures are, at most its own',
    },
    'print-recipe': { type: 'boolean', help: 'Print the recipe as JSON and stop' },
    plan: {
      type: 'string',
      value: '<torch>',
      help: 'Write the files that train the recipe elsewhere, into the folder --output',
      choices: ['torch'],
    },
    devices: { type: 'number', value: '<n>', help: 'GPUs of the machine that --plan is for', default: 8 },
    output: { ...outputFlag, help: 'The weights to write, .safetensors' },
    storage: storageFlag,
    naming: namingFlag,
    resume: { type: 'boolean', help: 'Go on from <output>.checkpoint where there is one' },
    log: { type: 'string', value: '<path>', help: 'Write losses and accuracies as JSON lines' },
    'log-every': {
      type: 'number',
      value: '<steps>',
      help: 'Steps between two lines of the log',
      default: 50,
    },
    chart: {
      type: 'number',
      least: 0,
      value: '<port>',
      help: 'Serve a page that draws the log as it grows; 0 picks a port',
    },
    workers: {
      type: 'number',
      value: '<n>',
      help: 'Threads that share each batch; default: half of the processors, or fewer, with 16 images for each',
    },
    'tfjs-backend': {
      type: 'string',
      value: '<name>',
      help: 'Backend of TensorFlow.js',
      choices: ['wasm', 'cpu'],
      default: 'wasm',
    },
    json: jsonFlag,
  },
  examples: [
    'mobileone train --dataset fashion-mnist -o fashion.safetensors --hold-out 5000',
    'mobileone train --dataset pictures/ --weights timm/mobileone_s0.apple_in1k --epochs 20 --learning-rate 0.01 -o mine.safetensors',
    'mobileone train --dataset fashion-mnist -o fashion.safetensors --resume --log fashion.jsonl --chart 8080',
    'mobileone train --dataset imagenet/ --variant s2 --plan torch -o plan/',
  ],
  async run([named], given) {
    if (named !== undefined && given.dataset !== undefined && given.dataset !== named)
      throw new UsageError(`train on ${named} or on --dataset ${given.dataset}, not on both`)
    const flags = { ...given, dataset: given.dataset ?? named }
    if (flags['print-recipe'] && (flags.dataset === undefined || flags.dataset === 'fashion-mnist'))
      return printJson(await chooseRecipe(flags))
    if (flags.plan !== undefined) {
      const recipe = await chooseRecipe(flags)
      return flags['print-recipe'] ? printJson(recipe) : writePlan(flags, recipe, outputOf(flags))
    }
    return runTraining(flags, flags['print-recipe'] ? undefined : outputOf(flags))
  },
})

function outputOf({ output }: { readonly output?: string | undefined }): string {
  if (output === undefined) throw new UsageError('tell where to write with -o <path.safetensors>')
  return output
}
