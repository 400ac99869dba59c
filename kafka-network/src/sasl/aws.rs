//! AWS_MSK_IAM: Amazon MSK's own mechanism. The client sends a request to AWS that it has signed but not sent; the broker
//! has AWS check it.

mod authenticator;
mod credentials;
mod date;
mod signature;

pub use authenticator::{AwsMskIamAuthenticator, AwsMskIamConfig, aws_region_of};
pub use credentials::{
    AwsCredentials, AwsCredentialsProvider, AwsEnvironment, AwsProfile, StaticAwsCredentials,
};
