mod colours;
mod document;
mod drawing;
mod proportions;
mod samples;
mod tables;

const STYLES: &str = include_str!("../assets/chart.css");
