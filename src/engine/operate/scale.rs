//! Machines made and destroyed, region by region (fly.md section 11). A new one is judged outside the proxy first.

use super::{Operator, Trouble};
use crate::domain::operation::{Operation, PlanPart};
use crate::engine::preflight::scale::NEW;
use crate::platform::fly::{Fly, Machine};
use crate::sanitize::Text;

impl Operator {
    pub(super) async fn scale(
        &self,
        fly: &Fly,
        part: &PlanPart,
        (create, admit, destroy): (&[(Text, Text)], &[Text], &[Text]),
        op: &mut Operation,
        first: usize,
    ) -> Result<(), Trouble> {
        let app = part.resource.as_str();
        for (index, (like, region)) in create.iter().enumerate() {
            self.step(op, first + index, self.another(fly, app, like.as_str(), region.as_str())).await?;
        }
        for (index, id) in admit.iter().map(Text::as_str).enumerate() {
            let made = async {
                let machine = self.look(|| fly.machine(app, id)).await?;
                self.admit(fly, app, &machine).await
            };
            self.step(op, first + create.len() + index, made).await?;
        }
        let first = first + admit.len();
        for (index, id) in destroy.iter().map(Text::as_str).enumerate() {
            let away = async {
                let lease = self.lease(fly, app, id).await?;
                let gone = async {
                    if !self.look(|| fly.machine(app, id)).await?.cordoned {
                        let call = format!("cordon machine {id}");
                        self.turn(&call, || fly.set_cordoned(app, id, true, Some(&lease))).await?;
                    }
                    tokio::time::sleep(self.drain()).await;
                    self.gone(fly, app, id, &lease).await
                }
                .await;
                if gone.is_err() {
                    self.give_back(fly, app, id, &lease).await;
                }
                gone.map(|()| ((), Text::from("destroyed")))
            };
            self.step(op, first + create.len() + index, away).await?;
        }
        Ok(())
    }

    /// One more machine like another one.
    async fn another(&self, fly: &Fly, app: &str, like: &str, region: &str) -> Result<((), Text), Trouble> {
        let model = self.look(|| fly.machine(app, like)).await?;
        let mut config = model.config.clone();
        config["metadata"][NEW] = "outside".into();
        let call = format!("POST machine in {region} like {like}");
        let made = self.change(&call, || fly.create_machine(app, region, &config, true)).await?;
        self.admit(fly, app, &made).await
    }

    /// Lets a new machine into the proxy once it is well; one that is not is destroyed again.
    async fn admit(&self, fly: &Fly, app: &str, made: &Machine) -> Result<((), Text), Trouble> {
        let well = self.settle(fly, (app, &made.id), &made.instance_id, made.image.as_str(), None).await;
        let told = match well {
            Ok(told) => told,
            Err(Trouble::Failed(why)) => {
                let call = format!("DELETE machine {}", made.id);
                let gone = self.change(&call, || fly.destroy_machine(app, &made.id, None)).await;
                let end = if gone.is_ok() { "it was destroyed again" } else { "it could NOT be destroyed" };
                return Err(Trouble::Failed(Text::from(format!("{why}; {end}"))));
            }
            Err(unknown) => return Err(unknown),
        };
        self.turn(&format!("uncordon machine {}", made.id), || fly.set_cordoned(app, &made.id, false, None)).await?;
        Ok(((), Text::from(format!("{} {told}", made.id))))
    }
}
