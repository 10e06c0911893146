//! Packages on this peer: no channel, no state.

use model::ErrorCode;
use proto::lifecycle::{
    GetInstalledChaincodePackageArgs, GetInstalledChaincodePackageResult, InstallChaincodeArgs,
    InstallChaincodeResult, QueryInstalledChaincodeArgs, QueryInstalledChaincodeResult,
    QueryInstalledChaincodesArgs, QueryInstalledChaincodesResult, query_installed_chaincode_result,
    query_installed_chaincodes_result,
};

use super::Call;
use crate::{Error, Package, package::PackageLimits};

impl Call<'_, '_> {
    pub(super) fn install(
        &mut self,
        args: InstallChaincodeArgs,
    ) -> Result<InstallChaincodeResult, Error> {
        let package = Package::parse(args.chaincode_install_package, &PackageLimits::default())
            .map_err(|error| error.within("could not parse as a chaincode install package"))?;
        let packages = self.context.packages;
        if packages.load(&package.package_id)?.is_some() {
            return Err(Error::because(
                ErrorCode::PackageInstalled,
                format!(
                    "chaincode already successfully installed (package ID '{}')",
                    package.package_id
                ),
            ));
        }
        packages
            .install(&package)
            .map_err(|error| error.within("could not build chaincode"))?;
        Ok(InstallChaincodeResult {
            package_id: package.package_id,
            label: package.metadata.label,
        })
    }

    pub(super) fn query_installed(
        &mut self,
        args: QueryInstalledChaincodeArgs,
    ) -> Result<QueryInstalledChaincodeResult, Error> {
        use query_installed_chaincode_result::{Chaincode, References};
        let packages = self.context.packages;
        let Some(installed) = packages
            .list()?
            .into_iter()
            .find(|installed| installed.package_id == args.package_id)
        else {
            return Err(Error::NotInstalled(args.package_id));
        };
        let references = packages.references(&installed.package_id)?;
        let references = references.into_iter().map(|(channel, chaincodes)| {
            let chaincodes = chaincodes
                .into_iter()
                .map(|reference| Chaincode {
                    name: reference.name,
                    version: reference.version,
                })
                .collect();
            (channel, References { chaincodes })
        });
        Ok(QueryInstalledChaincodeResult {
            package_id: installed.package_id,
            label: installed.label,
            references: references.collect(),
        })
    }

    pub(super) fn query_all_installed(
        &mut self,
        _args: QueryInstalledChaincodesArgs,
    ) -> Result<QueryInstalledChaincodesResult, Error> {
        use query_installed_chaincodes_result::{Chaincode, InstalledChaincode, References};
        let packages = self.context.packages;
        let mut installed_chaincodes = Vec::new();
        for installed in packages.list()? {
            let references = packages.references(&installed.package_id)?;
            let references = references.into_iter().map(|(channel, chaincodes)| {
                let chaincodes = chaincodes
                    .into_iter()
                    .map(|reference| Chaincode {
                        name: reference.name,
                        version: reference.version,
                    })
                    .collect();
                (channel, References { chaincodes })
            });
            installed_chaincodes.push(InstalledChaincode {
                package_id: installed.package_id,
                label: installed.label,
                references: references.collect(),
            });
        }
        Ok(QueryInstalledChaincodesResult {
            installed_chaincodes,
        })
    }

    pub(super) fn get_package(
        &mut self,
        args: GetInstalledChaincodePackageArgs,
    ) -> Result<GetInstalledChaincodePackageResult, Error> {
        match self.context.packages.load(&args.package_id)? {
            Some(bytes) => Ok(GetInstalledChaincodePackageResult {
                chaincode_install_package: bytes,
            }),
            None => {
                Err(Error::NotInstalled(args.package_id)
                    .within("could not load cc install package"))
            }
        }
    }
}
