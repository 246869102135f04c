/// Size of the model's input in pixels, and of the shorter side before the centre crop.
let inputWidth = __INPUT_WIDTH__
let inputHeight = __INPUT_HEIGHT__
let shorterSide = __SHORTER_SIDE__

/// The centre part of the image that the model was evaluated on: what is left of the shorter side after resizing it to
/// `shorterSide` and cropping the input's size. Vision then scales that part to the input.
func evaluationCrop(of image: CGImage) -> CGImage {
    let scale = CGFloat(min(image.width, image.height)) / CGFloat(shorterSide)
    let width = min(CGFloat(image.width), (CGFloat(inputWidth) * scale).rounded())
    let height = min(CGFloat(image.height), (CGFloat(inputHeight) * scale).rounded())
    let origin = CGPoint(
        x: ((CGFloat(image.width) - width) / 2).rounded(.down),
        y: ((CGFloat(image.height) - height) / 2).rounded(.down))
    return image.cropping(to: CGRect(origin: origin, size: CGSize(width: width, height: height))) ?? image
}

/// The most likely classes of an upright image. Normalisation is part of the model.
func classify(_ image: CGImage, with model: VNCoreMLModel, top count: Int = 5) throws -> [(label: String, confidence: Float)] {
    let request = VNCoreMLRequest(model: model)
    request.imageCropAndScaleOption = .centerCrop
    try VNImageRequestHandler(cgImage: evaluationCrop(of: image), options: [:]).perform([request])
    guard let observations = request.results as? [VNClassificationObservation] else {
        throw MobileOneError.unexpectedResult
    }
    return observations.prefix(count).map { ($0.identifier, $0.confidence) }
}
