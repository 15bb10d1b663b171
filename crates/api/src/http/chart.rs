//! Charts as SVG.
//!
//! Invariant: the size of a chart is bounded. Names are text, which the library escapes. No font,
//! style or script is loaded.

use plotters::{
    coord::ranged1d::{IntoSegmentedCoord, SegmentValue},
    prelude::*,
};
use taskhub_domain::{Error, Result};

/// The most bars of a chart, and the most characters of the name of a bar.
const BARS: usize = 40;
const NAME: usize = 24;
const WIDTH: u32 = 960;
const HEIGHT: u32 = 480;
const COLOURS: [RGBColor; 2] = [RGBColor(47, 111, 171), RGBColor(204, 102, 51)];

/// The kind of a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A bar for each of the first 40 names.
    Bars,
    /// Lines over days.
    Lines,
}

/// The data of a chart.
pub(crate) struct Chart<'a> {
    /// The title.
    pub(crate) title: &'a str,
    /// The kind.
    pub(crate) kind: Kind,
    /// The name of each series.
    pub(crate) series: &'a [&'a str],
    /// For each name or day, a value of each series.
    pub(crate) lines: Vec<(String, Vec<i64>)>,
}

impl Chart<'_> {
    /// Draws the chart as SVG.
    ///
    /// # Errors
    /// `Internal`.
    pub(crate) fn draw(mut self) -> Result<String> {
        if self.kind == Kind::Bars {
            self.lines.truncate(BARS);
        }
        let mut svg = String::new();
        {
            let area = SVGBackend::with_string(&mut svg, (WIDTH, HEIGHT)).into_drawing_area();
            let drawn = match self.kind {
                Kind::Bars => self.bars(&area),
                Kind::Lines => self.curves(&area),
            };
            drawn.map_err(|error| Error::internal(error.to_string()))?;
            area.present().map_err(|error| Error::internal(error.to_string()))?;
        }
        Ok(svg)
    }

    fn most(&self) -> i64 {
        self.lines.iter().flat_map(|(_, figures)| figures).copied().max().unwrap_or_default().max(1)
    }

    fn name(&self, at: usize) -> String {
        let Some((name, _)) = self.lines.get(at) else { return String::new() };
        let mut letters = name.chars();
        let short: String = letters.by_ref().take(NAME).collect();
        if letters.next().is_some() { format!("{short}…") } else { short }
    }

    fn bars<'b>(&self, area: &DrawingArea<SVGBackend<'b>, plotters::coord::Shift>) -> Drawn<'b> {
        area.fill(&WHITE)?;
        let rows = self.lines.len().max(1);
        let mut chart = ChartBuilder::on(area)
            .caption(self.title, ("sans-serif", 20))
            .margin(12)
            .x_label_area_size(30)
            .y_label_area_size(200)
            .build_cartesian_2d(0..self.most(), (0..rows).into_segmented())?;
        let name = |at: &SegmentValue<usize>| match at {
            SegmentValue::CenterOf(at) => self.name(rows.saturating_sub(at + 1)),
            _ => String::new(),
        };
        chart.configure_mesh().disable_y_mesh().y_labels(rows).y_label_formatter(&name).draw()?;
        for (number, (series, colour)) in self.series.iter().zip(COLOURS).enumerate() {
            let bar = |(at, (_, figures)): (usize, &(String, Vec<i64>))| {
                let figure = figures.get(number).copied().unwrap_or_default();
                let row = rows.saturating_sub(at + 1);
                let mut bar = Rectangle::new(
                    [(0, SegmentValue::Exact(row)), (figure, SegmentValue::Exact(row + 1))],
                    colour.filled(),
                );
                // The second series is a part of the first and is drawn inside it.
                let margin = if number == 0 { 2 } else { 5 };
                bar.set_margin(margin, margin, 0, 0);
                bar
            };
            chart
                .draw_series(self.lines.iter().enumerate().map(bar))?
                .label(*series)
                .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 12, y + 5)], colour.filled()));
        }
        chart.configure_series_labels().position(SeriesLabelPosition::LowerRight).draw()?;
        Ok(())
    }

    fn curves<'b>(&self, area: &DrawingArea<SVGBackend<'b>, plotters::coord::Shift>) -> Drawn<'b> {
        area.fill(&WHITE)?;
        let days = self.lines.len().max(2);
        let mut chart = ChartBuilder::on(area)
            .caption(self.title, ("sans-serif", 20))
            .margin(12)
            .x_label_area_size(30)
            .y_label_area_size(50)
            .build_cartesian_2d(0..days - 1, 0..self.most())?;
        chart.configure_mesh().x_labels(8).x_label_formatter(&|at| self.name(*at)).draw()?;
        for (number, (series, colour)) in self.series.iter().zip(COLOURS).enumerate() {
            let points = self.lines.iter().enumerate();
            let points =
                points.map(|(at, (_, figures))| (at, figures.get(number).copied().unwrap_or_default()));
            chart
                .draw_series(LineSeries::new(points, colour.stroke_width(2)))?
                .label(*series)
                .legend(move |(x, y)| Rectangle::new([(x, y - 2), (x + 12, y + 2)], colour.filled()));
        }
        chart.configure_series_labels().position(SeriesLabelPosition::UpperLeft).draw()?;
        Ok(())
    }
}

/// The result of drawing.
type Drawn<'b> = std::result::Result<(), DrawingAreaErrorKind<<SVGBackend<'b> as DrawingBackend>::ErrorType>>;

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(kind: Kind, lines: Vec<(String, Vec<i64>)>) -> String {
        Chart { title: "Open tasks", kind, series: &["open", "overdue"], lines }.draw().unwrap()
    }

    #[test]
    fn names_are_text() {
        let svg = chart(Kind::Bars, vec![("<script>&\"'".to_owned(), vec![3, 1])]);
        assert!(svg.contains("&lt;script&gt;&amp;") && !svg.contains("<script"), "{svg}");
    }

    #[test]
    fn charts_of_any_data_are_drawn_and_bounded() {
        for kind in [Kind::Bars, Kind::Lines] {
            for number in [0_usize, 1, 2, 7, 40, 41, 367] {
                for figure in [0, 1, 5, i64::from(u32::MAX)] {
                    let lines =
                        (0..number).map(|at| (format!("{at} {}", "x".repeat(200)), vec![figure])).collect();
                    let svg = chart(kind, lines);
                    assert!(
                        svg.starts_with("<svg") && svg.len() < 100_000,
                        "{number} {figure}: {}",
                        svg.len()
                    );
                }
            }
        }
    }
}
