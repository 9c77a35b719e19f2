extension Field {
    /// A URL whose parameters are all in the route's path.
    func urlTemplate(parameters: [String]?) -> URLTemplate? {
        guard let template = parsed(URLTemplate.init(parsing:), example: "\"http://127.0.0.1:8081/scores\"") else {
            return nil
        }
        guard let parameters else { return template }
        for name in template.parameters.sorted() where !parameters.contains(name) {
            unknownParameter(name, parameters: parameters)
        }
        return template
    }

    /// Reports a name that is none of the path's.
    func unknownParameter(_ name: String, parameters: [String]) {
        let known = parameters.map { "{\($0)}" }.joined(separator: ", ")
        fail(
            "\(quoted(name)) is not a parameter of the route's path",
            hint: known.isEmpty ? "the path has none" : "the path has \(known)"
        )
    }
}
