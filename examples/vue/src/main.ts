import { createApp } from 'vue'
import PictureLabels from './PictureLabels.vue'

const model = new URLSearchParams(location.search).get('model') ?? 's0'
createApp(PictureLabels, { model }).mount('#app')
