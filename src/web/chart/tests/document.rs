//! A reader of what charts write: elements with their attributes, and where each stands in the drawing.

/// An opened element.
#[derive(Clone, Debug)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    /// The text directly after its opening.
    pub(super) text: String,
    /// The elements around it, outermost first, as places in the list.
    pub(super) within: Vec<usize>,
}

impl Element {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut all = self.attributes.iter();
        all.find_map(|(each, value)| (each == name).then_some(value.as_str()))
    }

    pub(super) fn is(&self, class: &str) -> bool {
        self.classes().any(|each| each == class)
    }

    pub(super) fn classes(&self) -> impl Iterator<Item = &str> {
        self.get("class").unwrap_or_default().split_whitespace()
    }
}

/// All elements in their order. Fails on what is not well formed.
pub(super) fn elements(markup: &str) -> Vec<Element> {
    let mut all: Vec<Element> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut rest = markup;
    while let Some(start) = rest.find('<') {
        let end = rest[start..].find('>').expect("an element ends") + start;
        let tag = &rest[start + 1..end];
        let text = rest[end + 1..].split('<').next().unwrap_or_default();
        rest = &rest[end + 1..];
        if let Some(closed) = tag.strip_prefix('/') {
            let last = open.pop().expect("something is open");
            assert_eq!(all[last].name, closed, "closed in order");
            continue;
        }
        let name = tag.split_whitespace().next().unwrap();
        let mut attributes = Vec::new();
        let mut inner = tag[name.len()..].trim();
        while !inner.is_empty() {
            let (name, after) = inner.split_once("=\"").expect("a value in quotes");
            let (value, after) = after.split_once('"').expect("a quote that ends");
            attributes.push((name.trim().to_owned(), value.to_owned()));
            inner = after.trim();
        }
        all.push(Element {
            name: name.to_owned(),
            attributes,
            text: text.to_owned(),
            within: open.clone(),
        });
        open.push(all.len() - 1);
    }
    assert!(open.is_empty(), "everything is closed");
    all
}

/// The numbers of a path of absolute commands, as points.
pub(super) fn points(path: &str) -> Vec<(f64, f64)> {
    let mut points = Vec::new();
    let mut at = (0.0, 0.0);
    let spaced: String = path
        .chars()
        .flat_map(|c| {
            let command = c.is_ascii_uppercase();
            let parts = if command {
                [' ', c, ' ']
            } else {
                [c, '\0', '\0']
            };
            parts.into_iter().filter(|c| *c != '\0')
        })
        .collect();
    let mut command = String::new();
    let mut words = spaced.split_whitespace();
    while let Some(word) = words.next() {
        if word.chars().all(|c| c.is_ascii_uppercase()) {
            command = word.to_owned();
            continue;
        }
        let number: f64 = word.parse().unwrap();
        at = match command.as_str() {
            "H" => (number, at.1),
            "V" => (at.0, number),
            "M" | "L" => (number, words.next().unwrap().parse().unwrap()),
            other => panic!("{other} in {path}"),
        };
        points.push(at);
    }
    points
}

/// Checks that everything drawn is finite and lies within its drawing.
pub(super) fn check_places(all: &[Element]) {
    for element in all {
        let mut around = element.within.iter().rev().map(|place| &all[*place]);
        let Some(frame) = around.find(|each| each.name == "svg") else {
            continue;
        };
        let in_defs = |names: &[&str]| {
            let mut around = element.within.iter();
            around.any(|place| names.contains(&all[*place].name.as_str()))
        };
        if in_defs(&["pattern"]) || element.name == "pattern" {
            continue;
        }
        let extent = |name: &str| frame.get(name).and_then(|text| text.parse::<f64>().ok());
        if frame.get("overflow").is_some() {
            signs(element);
        } else if let Some(view) = frame.get("viewBox") {
            let view: Vec<f64> = view.split(' ').map(|part| part.parse().unwrap()).collect();
            for (x, y) in element.get("d").map(points).unwrap_or_default() {
                assert!((0.0..=view[2]).contains(&x), "{x} of {view:?}: {element:?}");
                assert!((0.0..=view[3]).contains(&y), "{y} of {view:?}: {element:?}");
            }
        } else {
            places(element, extent("height").unwrap());
        }
    }
}

/// Signs in pixels around their anchor.
fn signs(element: &Element) {
    for name in ["x", "y", "cx", "cy", "r"] {
        if let Some(number) = element.get(name) {
            assert!(number.parse::<f64>().unwrap().abs() <= 16.0, "{element:?}");
        }
    }
}

fn places(element: &Element, height: f64) {
    let across = |name: &str| {
        let text = element.get(name)?;
        let number = text
            .strip_suffix('%')
            .unwrap_or(text)
            .parse::<f64>()
            .unwrap();
        assert!((0.0..=100.0).contains(&number), "{name} of {element:?}");
        Some(number)
    };
    let down = |name: &str| {
        let number = element.get(name)?.parse::<f64>().unwrap();
        assert!(
            (0.0..=height + 0.01).contains(&number),
            "{name}, {height}: {element:?}"
        );
        Some(number)
    };
    for name in ["x1", "x2", "cx"] {
        across(name);
    }
    for name in ["y1", "y2", "cy"] {
        down(name);
    }
    let (x, y) = (across("x").unwrap_or(0.0), down("y").unwrap_or(0.0));
    if element.name == "rect" {
        let (width, tall) = (across("width").unwrap(), down("height").unwrap());
        assert!(x + width <= 100.02, "{element:?}");
        assert!(y + tall <= height + 0.02, "{element:?} in {height}");
    }
}
