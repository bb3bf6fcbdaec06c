//! Places of template literals that the compressor wrote.
//!
//! The code generator counts a place for each line of a template from the beginning of its text in the source. Where the
//! text is another one (a constant was put in, two parts were joined), that leads to lines that have nothing to do with
//! it, or into another file.

use swc_core::common::{BytePos, LineCol, SourceMap, Span};
use swc_core::ecma::ast::{ModuleItem, Tpl};
use swc_core::ecma::visit::{VisitMut, VisitMutWith, noop_visit_mut_type};

/// Texts of templates that were given places of their own, behind those of all files.
pub(super) struct TemplatePlaces {
    /// Where the next text begins.
    next: u32,
    /// Beginnings of texts, in their order, with the place of the template in its source.
    moved: Vec<(BytePos, BytePos)>,
}

impl TemplatePlaces {
    /// Gives a place to each text that is longer than what stood in the source.
    pub(super) fn give(items: &mut Vec<ModuleItem>, source_map: &SourceMap) -> Self {
        let end = source_map.files().last().map_or(0, |file| file.end_pos.0);
        let mut places = Self { next: end + 1, moved: Vec::new() };
        items.visit_mut_with(&mut places);
        places
    }

    /// Puts the place of the template in the source for each place in such a text.
    pub(super) fn take_back(&self, mappings: &mut Vec<(BytePos, LineCol)>) {
        let Some((first, _)) = self.moved.first() else { return };
        mappings.retain_mut(|(position, _)| {
            if *position < *first || position.0 >= self.next {
                return true;
            }
            let after = self.moved.partition_point(|(start, _)| start <= position);
            *position = self.moved[after - 1].1;
            !position.is_dummy()
        });
    }
}

impl VisitMut for TemplatePlaces {
    noop_visit_mut_type!();

    fn visit_mut_tpl(&mut self, template: &mut Tpl) {
        template.visit_mut_children_with(self);
        for text in &mut template.quasis {
            let length = u32::try_from(text.raw.len()).expect("a source has less than 4 GiB");
            if text.span.hi.0 - text.span.lo.0 >= length && !text.span.is_dummy() {
                continue;
            }
            let place = if text.span.lo.is_dummy() { template.span.lo } else { text.span.lo };
            let start = BytePos(self.next);
            self.moved.push((start, place));
            text.span = Span::new(start, BytePos(self.next + length));
            self.next += length + 1;
        }
    }
}
