import { createWorkerClassifier } from '@mobileone/sdk/worker'

const input = document.querySelector('input')
const output = document.querySelector('output')
const model = new URLSearchParams(location.search).get('model') ?? 's0'

const loading = createWorkerClassifier({
  model,
  onProgress: ({ phase, fraction = 0 }) => (output.value = `${phase}: ${Math.round(100 * fraction)} %`),
})

async function label(picture) {
  const classifier = await loading
  const top = await classifier.classify(picture, { topK: 3 })
  return top.map(({ label, score }) => `${label}: ${(100 * score).toFixed(1)} %`).join('\n')
}

input.onchange = async () => {
  const [picture] = input.files
  if (picture) output.value = await label(picture).catch(String)
}
loading.catch((error) => (output.value = String(error)))
