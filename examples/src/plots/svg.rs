use std::fmt::Write as _;

use super::color;

/// Which part of a text its position names.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// An SVG picture in the making; lengths in pixels, the origin at the top left.
pub(super) struct Svg {
    body: String,
    width: f64,
    height: f64,
}

impl Svg {
    pub(super) fn new(width: f64, height: f64) -> Self {
        Self { body: String::new(), width, height }
    }

    pub(super) fn text(&mut self, x: f64, y: f64, size: f64, anchor: Anchor, text: &str) {
        self.styled_text(x, y, size, anchor, color::INK, "", text);
    }

    pub(super) fn faint_text(&mut self, x: f64, y: f64, size: f64, anchor: Anchor, text: &str) {
        self.styled_text(x, y, size, anchor, color::FAINT_INK, "", text);
    }

    /// Bold text with a white rim, readable on top of a cloud of points. The rim is a text of its
    /// own below the other, because not every viewer knows a property for that.
    pub(super) fn rimmed_text(&mut self, x: f64, y: f64, size: f64, text: &str) {
        let rim = r#" font-weight="bold" stroke="white" stroke-width="4" stroke-linejoin="round""#;
        self.styled_text(x, y, size, Anchor::Middle, "white", rim, text);
        self.bold_text(x, y, size, Anchor::Middle, text);
    }

    pub(super) fn bold_text(&mut self, x: f64, y: f64, size: f64, anchor: Anchor, text: &str) {
        self.styled_text(x, y, size, anchor, color::INK, r#" font-weight="bold""#, text);
    }

    /// Text that runs from bottom to top, as the name of a vertical axis does.
    pub(super) fn upright_text(&mut self, x: f64, y: f64, size: f64, text: &str) {
        let turn = format!(r#" transform="rotate(-90 {x:.1} {y:.1})""#);
        self.styled_text(x, y, size, Anchor::Middle, color::INK, &turn, text);
    }

    #[expect(clippy::too_many_arguments, reason = "the one place where all properties meet")]
    fn styled_text(
        &mut self,
        x: f64,
        y: f64,
        size: f64,
        anchor: Anchor,
        fill: &str,
        style: &str,
        text: &str,
    ) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let text = escape(text);
        self.element(format_args!(
            r#"<text x="{x:.1}" y="{y:.1}" font-size="{size}" text-anchor="{anchor}" fill="{fill}"{style}>{text}</text>"#
        ));
    }

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), color: &str, width: f64) {
        let ((x1, y1), (x2, y2)) = (from, to);
        self.element(format_args!(
            r#"<line x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}" stroke="{color}" stroke-width="{width}"/>"#
        ));
    }

    /// A line through `points`, dashed differently for each `dash` above 0.
    pub(super) fn polyline(&mut self, points: &[(f64, f64)], color: &str, width: f64, dash: usize) {
        let dash = match dash {
            0 => String::new(),
            times => format!(r#" stroke-dasharray="{} 3""#, 3 * times),
        };
        let mut path = String::new();
        for (x, y) in points {
            // Writing into a string cannot fail.
            let _ = write!(path, "{x:.1},{y:.1} ");
        }
        let path = path.trim_end();
        self.element(format_args!(
            r#"<polyline points="{path}" fill="none" stroke="{color}" stroke-width="{width}" stroke-linejoin="round"{dash}/>"#
        ));
    }

    pub(super) fn frame(&mut self, x: f64, y: f64, width: f64, height: f64) {
        let ink = color::FAINT_INK;
        self.element(format_args!(
            r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" fill="none" stroke="{ink}"/>"#
        ));
    }

    /// A mark at a point: a disc, then a square, a triangle and a diamond for each `shape`.
    pub(super) fn mark(&mut self, x: f64, y: f64, radius: f64, color: &str, shape: usize) {
        let r = radius;
        let corners: &[(f64, f64)] = match shape % 4 {
            0 => {
                self.element(format_args!(
                    r#"<circle cx="{x:.1}" cy="{y:.1}" r="{r}" fill="{color}"/>"#
                ));
                return;
            }
            1 => &[(-r, -r), (r, -r), (r, r), (-r, r)],
            2 => &[(0.0, -1.3 * r), (1.2 * r, r), (-1.2 * r, r)],
            _ => &[(0.0, -1.4 * r), (1.4 * r, 0.0), (0.0, 1.4 * r), (-1.4 * r, 0.0)],
        };
        let path: Vec<String> =
            corners.iter().map(|(dx, dy)| format!("{:.1},{:.1}", x + dx, y + dy)).collect();
        let path = path.join(" ");
        self.element(format_args!(r#"<polygon points="{path}" fill="{color}"/>"#));
    }

    fn element(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing into a string cannot fail.
        let _ = writeln!(self.body, "{element}");
    }

    /// The whole file, on white, with a title for those who hear it instead of seeing it.
    pub(super) fn finish(self, title: &str) -> String {
        let Self { body, width, height } = self;
        let title = escape(title);
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" font-family="Helvetica, Arial, sans-serif">
<title>{title}</title>
<rect width="{width}" height="{height}" fill="white"/>
{body}</svg>
"#
        )
    }
}

fn escape(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    // Control characters are illegal in XML, even when escaped.
    text.chars().filter(|character| !character.is_control()).collect()
}
