//! The order of the controllers within a step: whoever writes a port runs before whoever reads it.

use homeostat_core::{Controller, PortId};

use crate::error::BuildError;

/// Sorts controllers so that every port is written before it is read; among those that may run in any
/// order the name decides, so the order in a file means nothing.
pub(crate) fn derive(controllers: &[Box<dyn Controller>]) -> Result<Vec<usize>, BuildError> {
    let reads: Vec<Vec<PortId>> = controllers.iter().map(|one| one.reads()).collect();
    let writes: Vec<Vec<PortId>> = controllers.iter().map(|one| one.writes()).collect();
    let waits_for = |reader: usize| {
        let reads = &reads;
        let writes = &writes;
        (0..controllers.len()).filter_map(move |writer| {
            let port = writes[writer].iter().find(|port| reads[reader].contains(port))?;
            Some((writer, port))
        })
    };

    let mut waiting: Vec<usize> = (0..controllers.len()).collect();
    waiting.sort_by(|a, b| controllers[*a].name().cmp(controllers[*b].name()));
    let mut order = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let ready = waiting
            .iter()
            .position(|reader| waits_for(*reader).all(|(writer, _)| order.contains(&writer)));
        match ready {
            Some(position) => order.push(waiting.remove(position)),
            None => {
                // Everybody waits for somebody who waits too: following the waits ends in a circle.
                let mut path = vec![waiting[0]];
                let mut words = Vec::new();
                loop {
                    let reader = path[path.len() - 1];
                    let Some((writer, port)) =
                        waits_for(reader).find(|(writer, _)| waiting.contains(writer))
                    else {
                        break;
                    };
                    words.push((reader, port.to_string()));
                    if let Some(start) = path.iter().position(|seen| *seen == writer) {
                        words.drain(..start);
                        break;
                    }
                    path.push(writer);
                }
                let mut text: Vec<_> = words
                    .iter()
                    .map(|(reader, port)| {
                        format!("'{}' waits for {port} of", controllers[*reader].name())
                    })
                    .collect();
                if let Some((first, _)) = words.first() {
                    text.push(format!("'{}'", controllers[*first].name()));
                }
                return Err(BuildError::Cycle { path: text.join(" ") });
            }
        }
    }
    Ok(order)
}
