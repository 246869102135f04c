import { createWorkerClassifier } from './mobileone/worker.mjs'

const [input, output] = ['input', 'output'].map((name) => document.querySelector(name))
const model = new URLSearchParams(location.search).get('model') ?? 's0'

const loading = createWorkerClassifier({
  model,
  onProgress: ({ phase, fraction = 0 }) => (output.value = `${phase}: ${Math.round(100 * fraction)} %`),
})
loading.catch((error) => (output.value = String(error)))

async function label(picture) {
  const top = await (await loading).classify(picture, { topK: 3 })
  return top.map(({ label, score }) => `${label}: ${(100 * score).toFixed(1)} %`).join('\n')
}

input.onchange = async () => {
  const [picture] = input.files
  if (picture) output.value = await label(picture).catch(String)
}
