//! The recent past of a panel's tags, for the sparks of `value` and `spark`: history behind the live end, kept from frame
//! to frame, on the same road as a trend.

use super::Cx;
use crate::engine::{TagId, TailView};
use crate::project::DataType;
use crate::time::Span;
use crate::ui::past::{Need, Past};
use crate::ui::widgets::Reading;
use crate::ui::widgets::pen::Trace;
use crate::ui::widgets::spark::Recent;
use eframe::egui::Ui;

/// See the module.
#[derive(Debug, Default)]
pub struct RecentPast {
    /// By tag of the panel.
    traces: Vec<Trace>,
    past: Past,
}

impl RecentPast {
    /// Asks for what this frame lacks of the panel's span, in so many pixel columns. To be called once a frame.
    pub fn follow(&mut self, ui: &Ui, cx: &Cx<'_>, columns: usize) {
        self.traces.resize_with(cx.panel.tags.len(), Trace::default);
        let now = cx.frame.snapshot.now.utc;
        let tails = &cx.frame.snapshot.tails;
        let of = |id: Option<TagId>| -> Option<&TailView> { Some(tails.get(&id?)?) };
        let pens: Vec<_> = cx.tags().map(|(name, _, id)| (name, of(id))).collect();
        let need = Need { pens: &pens, from: now + Span(-cx.panel.span.0), to: now, columns, now };
        self.past.follow(ui.ctx(), cx.frame.history, &need);
    }

    /// What a spark shows of the tag at this place of the panel; `None`: nothing is known of it, or it is a text, which
    /// has no height that a line could show.
    pub fn of<'a>(&'a mut self, index: usize, id: TagId, reading: &Reading<'_>, cx: &Cx<'a>) -> Option<Recent<'a>> {
        if reading.tag.data_type == DataType::String {
            return None;
        }
        let now = cx.frame.snapshot.now.utc;
        let known = self.past.known(index, cx.frame.snapshot.tails.get(&id), now + Span(-cx.panel.span.0));
        let trace = self.traces.get_mut(index)?;
        known.first()?;
        Some(Recent {
            known,
            now,
            span: cx.panel.span,
            steps: reading.tag.data_type == DataType::Bool || !reading.tag.labels.0.is_empty(),
            range: reading.tag.range,
            trace,
        })
    }
}
