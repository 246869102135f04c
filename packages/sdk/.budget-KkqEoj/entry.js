export * from '@mobileone/tflite'
