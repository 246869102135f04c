export { createClassifier } from '@mobileone/sdk'
