//! The part of a query that makes numbers out of lines.

use std::time::Duration;

use super::{Parser, compare};
use crate::logql::Error;
use crate::logql::lexer::Token;
use crate::logql::syntax::{Aggregate, Metric, Over};

impl Parser {
    pub(super) fn metric(&mut self) -> Result<Metric, Error> {
        let mut metric = self.operand()?;
        while let Some(Token::Sign(sign)) = self.peek() {
            let Some(compare) = compare(sign).filter(|_| *sign != "=") else { break };
            self.next += 1;
            metric = Metric::Only { of: Box::new(metric), compare, with: self.number()? };
        }
        Ok(metric)
    }

    fn operand(&mut self) -> Result<Metric, Error> {
        let error = self.error("no function of the subset");
        let name = self.word()?;
        if name == "absent_over_time" {
            self.expect("(")?;
            let of = self.pipeline()?;
            let range = self.span()?;
            self.expect(")")?;
            return Ok(Metric::Absent { of, range });
        }
        let over = match name.as_str() {
            "count_over_time" => Some(Over::Count),
            "rate" => Some(Over::Rate),
            "sum_over_time" => Some(Over::Sum),
            "avg_over_time" => Some(Over::Avg),
            "max_over_time" => Some(Over::Max),
            "min_over_time" => Some(Over::Min),
            "quantile_over_time" => Some(Over::Quantile(0.0)),
            _ => None,
        };
        match over {
            Some(over) => self.range(over),
            None => self.vector(&name, error),
        }
    }

    fn range(&mut self, mut over: Over) -> Result<Metric, Error> {
        self.expect("(")?;
        if let Over::Quantile(share) = &mut over {
            *share = self.number()?;
            self.expect(",")?;
        }
        let of = self.pipeline()?;
        let unwrap = if self.is("|") {
            self.next += 1; // the pipeline stopped before `| unwrap`
            Some(self.word()?)
        } else {
            None
        };
        let range = self.span()?;
        self.expect(")")?;
        let by = self.grouping()?;
        let counts = matches!(over, Over::Count | Over::Rate);
        if counts == unwrap.is_some() {
            return Err(self.error("`unwrap` goes with what is made of values, and only with that"));
        }
        if by.is_some() && matches!(over, Over::Count | Over::Rate | Over::Sum) {
            return Err(self.error("this function takes no grouping; put `sum by (…)` around it"));
        }
        Ok(Metric::Range { over, of, unwrap, range, by })
    }

    fn vector(&mut self, name: &str, unknown: Error) -> Result<Metric, Error> {
        let mut by = self.grouping()?;
        self.expect("(")?;
        let aggregate = match name {
            "sum" => Aggregate::Sum,
            "avg" => Aggregate::Avg,
            "max" => Aggregate::Max,
            "min" => Aggregate::Min,
            "count" => Aggregate::Count,
            "topk" | "bottomk" => {
                let error = self.error("expected a whole number");
                let Some(Token::Number(text)) = self.peek() else { return Err(error) };
                let k = text.parse().map_err(|_| error)?;
                self.next += 1;
                self.expect(",")?;
                if name == "topk" { Aggregate::Topk(k) } else { Aggregate::Bottomk(k) }
            }
            _ => return Err(unknown),
        };
        let of = Box::new(self.metric()?);
        self.expect(")")?;
        if by.is_none() {
            by = self.grouping()?;
        }
        Ok(Metric::Vector { aggregate, by, of })
    }

    fn span(&mut self) -> Result<Duration, Error> {
        self.expect("[")?;
        let range = self.duration()?;
        self.expect("]")?;
        Ok(range)
    }

    fn duration(&mut self) -> Result<Duration, Error> {
        let error = self.error("expected a duration such as 5m");
        let Some(Token::Number(text)) = self.peek() else { return Err(error) };
        let Some(unit) = text.chars().last() else { return Err(error) };
        let seconds = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return Err(error),
        };
        let count: u64 = text.trim_end_matches(unit).parse().map_err(|_| error)?;
        self.next += 1;
        Ok(Duration::from_secs(count * seconds))
    }
}
