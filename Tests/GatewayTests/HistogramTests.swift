import Testing

@testable import Gateway

@Suite("Quantiles of a histogram")
struct HistogramTests {
    private func histogram(_ counts: [Int]) -> HistogramSnapshot {
        HistogramSnapshot(bounds: [1, 2, 4], counts: counts, sumSeconds: 0)
    }

    @Test("values of a bucket are taken to be spread evenly over it")
    func interpolation() {
        #expect(histogram([4, 0, 0, 0]).quantile(0.5) == 0.5)
        #expect(histogram([0, 0, 4, 0]).quantile(0.5) == 3)
        #expect(histogram([5, 0, 5, 0]).quantile(0.5) == 1)
        #expect(histogram([5, 4, 1, 0]).quantile(1) == 4)
    }

    @Test("what lies above the last bound counts as that bound, and of nothing there is no quantile")
    func ends() {
        #expect(histogram([0, 0, 0, 3]).quantile(0.5) == 4)
        #expect(histogram([0, 0, 0, 0]).quantile(0.5) == nil)
    }
}
