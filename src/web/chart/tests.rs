mod colours;
mod document;
mod drawing;
mod proportions;
mod samples;
mod tables;
